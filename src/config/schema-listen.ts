/** Keys of the top level about where and how the HTTP service listens. */
import { z } from 'zod';
import { optionalHost, text } from './key-types.js';

const listenTls = z.strictObject({
  CertFile: text()
    .min(1)
    .meta({ description: 'File of the certificate, and of those between it and its authority.' }),
  KeyFile: text().min(1).meta({ description: 'File of its key (PEM, without a passphrase).' }),
  ClientCAFile: text()
    .default('')
    .meta({
      description:
        'File of the authorities of client certificates. A client may then show a certificate, ' +
        'whose name is that of the caller. Served by the `node` engine only.',
    }),
  MinVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').meta({
    description: 'The oldest version that is spoken. `TLSv1.3`: by the `node` engine only.',
  }),
});

export type ListenTlsConfig = z.output<typeof listenTls>;

export const listenKeys = {
  ListenAddress: optionalHost().default('').meta({
    description: 'Address on which the HTTP service listens. Empty: all.',
  }),
  ListenTLS: listenTls.optional().meta({
    description:
      'HTTP over TLS instead of plain HTTP. None if not set. ' +
      'A reload reads its files again: see [Security](security.md#http-over-tls).',
  }),
};
