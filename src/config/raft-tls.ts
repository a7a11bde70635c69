/** Settings of the encryption between the nodes of a Raft cluster. */
import { formatAddress, parseAddress } from '../base/address.js';
import type { PeerProofMode } from './raft-secret.js';
import type { RaftTlsConfig } from './schema-consensus.js';

export interface RaftTlsSettings {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly mode: PeerProofMode;
  /** By node, as in `RaftNodes`: the name in its certificate, where that is not its host. */
  readonly names: ReadonlyMap<string, string>;
}

/** Null: no encryption. `defaultPort`: of the nodes in `Names`, as of those in `RaftNodes`. */
export function raftTlsSettings(
  tls: RaftTlsConfig | undefined,
  defaultPort: number,
): RaftTlsSettings | null {
  if (tls === undefined) return null;
  const { CAFile: caFile, CertFile: certFile, KeyFile: keyFile, Mode: mode, Names } = tls;
  const names = Object.entries(Names).map(
    ([node, name]) => [normalNode(node, defaultPort), name] as const,
  );
  return { caFile, certFile, keyFile, mode, names: new Map(names) };
}

/** As `RaftNodes` are compared. */
export function normalNode(text: string, defaultPort: number): string {
  const address = parseAddress(text, defaultPort);
  if (address === null) return text;
  return formatAddress({ host: address.host.toLowerCase(), port: address.port });
}
