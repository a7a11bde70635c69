/** Settings from the `TLS` objects of the configuration, one of which inherits from another. */
import type { TlsSettings } from '../contracts/stores.js';
import type { TlsConfig } from './schema-hosts.js';

/** Settings of a `TLS` object; `inherited` supplies what it does not set. Null: no encryption. */
export function tlsSettings(own: TlsConfig | undefined, inherited?: TlsConfig): TlsSettings | null {
  const given = own ?? inherited;
  if (given === undefined || !(own?.Enabled ?? inherited?.Enabled ?? true)) return null;
  // A certificate and its key are inherited together: neither matches the other's replacement.
  const certificate = given.CertFile === '' ? inherited : given;
  return {
    caFile: given.CAFile || inherited?.CAFile || '',
    certFile: certificate?.CertFile ?? '',
    keyFile: certificate?.KeyFile ?? '',
    serverName: given.ServerName || inherited?.ServerName || '',
    skipVerify: own?.SkipVerify ?? inherited?.SkipVerify ?? false,
  };
}
