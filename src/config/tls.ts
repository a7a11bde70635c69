/** `TLS` objects of the configuration, one inheriting from another. */
import type { TlsSettings } from '../contracts/stores.js';
import type { TlsConfig } from './schema-stores.js';

/**
 * What a `TLS` object amounts to, where `inherited` fills in what it does not give. Null:
 * connections are not encrypted.
 */
export function tlsSettings(own: TlsConfig | undefined, inherited?: TlsConfig): TlsSettings | null {
  const given = own ?? inherited;
  if (given === undefined || !(own?.Enabled ?? inherited?.Enabled ?? true)) return null;
  // A certificate and its key are inherited together: one alone fits nothing.
  const certificate = given.CertFile === '' ? inherited : given;
  return {
    caFile: given.CAFile || inherited?.CAFile || '',
    certFile: certificate?.CertFile ?? '',
    keyFile: certificate?.KeyFile ?? '',
    serverName: given.ServerName || inherited?.ServerName || '',
    skipVerify: own?.SkipVerify ?? inherited?.SkipVerify ?? false,
  };
}
