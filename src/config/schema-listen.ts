/** Keys of the top level about where and how the HTTP service listens. */
import { z } from 'zod';
import { parseAddress } from '../base/address.js';
import { list, optionalHost, text } from './key-types.js';

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

const hostName = () =>
  text()
    .min(1)
    .refine(
      (value) => parseAddress(value, 0)?.port === 0,
      'must be a host name, without scheme and port',
    );

/** RFC 6454, section 6.1. */
const origin = () =>
  text().regex(/^https?:\/\/[^/?#@]+$/i, 'must be SCHEME://HOST or SCHEME://HOST:PORT, no path');

export const listenKeys = {
  ListenAddress: optionalHost().default('').meta({
    description: 'Address on which the HTTP service listens. Empty: all.',
  }),
  ListenTLS: listenTls.optional().meta({
    description:
      'HTTP over TLS instead of plain HTTP. None if not set. ' +
      'A reload reads its files again: see [Security](security.md#http-over-tls).',
  }),
  AdminListen: text()
    .default('')
    .refine(
      (value) => value === '' || (parseAddress(value, 0)?.port ?? 0) > 0,
      'must be ADDRESS:PORT',
    )
    .meta({
      description:
        'Address, as `10.1.2.3:8088`, on which alone commands, profiles, events and the page ' +
        'answer; all else answers there too. Empty: all answers on `ListenPort`.',
    }),
  AllowedHosts: list(hostName())
    .default([])
    .meta({
      description:
        'Names of this node, without port: requests under other names in `Host` get 421. ' +
        'IP addresses and `localhost` are always served. Empty: all names.',
    }),
  AllowedOrigins: list(origin()).default([]).meta({
    description:
      'Origins, as `https://tools.example.com`, whose pages may talk to this node from a browser.',
  }),
};
