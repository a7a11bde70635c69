/** How the HTTP service listens: the engine that can do what is asked of TLS, and its settings. */
import { parseAddress } from '../base/address.js';
import type { DoorSettings, HttpEngineChoice, ListenTlsSettings } from '../contracts/http.js';
import type { Findings } from './findings.js';
import type { FrenoConfig } from './schema.js';

/** Why the native engine cannot serve this: the key and the reason; null where it can. */
function nodeOnly({ ListenTLS: tls }: FrenoConfig): readonly [key: string, why: string] | null {
  if (tls === undefined) return null;
  if (tls.ClientCAFile !== '') return ['ClientCAFile', 'it does not show client certificates'];
  if (tls.MinVersion !== 'TLSv1.2') return ['MinVersion', 'it always speaks TLSv1.2 too'];
  return null;
}

export function checkListening(config: FrenoConfig, findings: Findings): void {
  if (doorSettings(config).adminListen?.port === config.ListenPort) {
    findings.problem(['AdminListen'], 'has the port of ListenPort: choose another', [
      ['ListenPort'],
    ]);
  }
  const reason = nodeOnly(config);
  if (config.HttpEngine !== 'uws' || reason === null) return;
  const [key, why] = reason;
  findings.problem(
    ['ListenTLS', key],
    `not with HttpEngine "uws": ${why}; set HttpEngine to "auto" or "node"`,
    [['HttpEngine']],
  );
}

/** `auto` is the native engine only where that can do what is asked for. */
export function httpEngine(config: FrenoConfig): HttpEngineChoice {
  return config.HttpEngine === 'auto' && nodeOnly(config) !== null ? 'node' : config.HttpEngine;
}

/** Null: plain HTTP. */
export function listenTls({ ListenTLS: tls }: FrenoConfig): ListenTlsSettings | null {
  if (tls === undefined) return null;
  return {
    certFile: tls.CertFile,
    keyFile: tls.KeyFile,
    clientCaFile: tls.ClientCAFile,
    minVersion: tls.MinVersion,
  };
}

export function doorSettings(config: FrenoConfig): DoorSettings {
  return {
    allowedHosts: config.AllowedHosts,
    allowedOrigins: config.AllowedOrigins,
    adminListen: config.AdminListen === '' ? null : parseAddress(config.AdminListen, 0),
  };
}
