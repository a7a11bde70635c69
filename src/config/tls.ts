/** Settings from the `TLS` objects of the configuration, one of which inherits from another. */
import type { TlsSettings } from '../contracts/stores.js';
import type { TlsConfig } from './schema-hosts.js';

/** The keys of a `TLS` object; `inherited` supplies what it does not set. */
export function inheritedTls(
  own: TlsConfig | undefined,
  inherited: TlsConfig | undefined,
): TlsConfig | undefined {
  if (own === undefined || inherited === undefined) return own ?? inherited;
  // A certificate and its key are inherited together: neither matches the other's replacement.
  const { CertFile, KeyFile } = own.CertFile === '' ? inherited : own;
  return {
    Enabled: own.Enabled ?? inherited.Enabled,
    CAFile: own.CAFile || inherited.CAFile,
    CertFile,
    KeyFile,
    ServerName: own.ServerName || inherited.ServerName,
    SkipVerify: own.SkipVerify ?? inherited.SkipVerify,
  };
}

/** Null: no encryption. */
export function tlsSettings(tls: TlsConfig | undefined): TlsSettings | null {
  if (tls === undefined || tls.Enabled === false) return null;
  return {
    caFile: tls.CAFile,
    certFile: tls.CertFile,
    keyFile: tls.KeyFile,
    serverName: tls.ServerName,
    skipVerify: tls.SkipVerify ?? false,
  };
}
