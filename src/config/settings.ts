/** The settings of the service, from the configuration: all values present, in their final unit. */

import { type Address, formatAddress, parseAddress } from '../base/address.js';
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import type {
  AccessSettings,
  AppRulesSettings,
  DoorSettings,
  HttpEngineChoice,
  ListenTlsSettings,
} from '../contracts/http.js';
import type { MemcacheAddress } from '../contracts/publisher.js';
import type { TlsSettings } from '../contracts/stores.js';
import { accessSettings } from './access.js';
import { appRulesSettings } from './apps.js';
import { doorSettings, httpEngine, listenTls } from './listening.js';
import { type PasswordSettings, passwordOf, prefixedPassword } from './passwords.js';
import type { RaftSecretSettings } from './raft-secret.js';
import { type RaftTlsSettings, raftTlsSettings } from './raft-tls.js';
import type { FrenoConfig } from './schema.js';
import { type ShareDomainTls, shareDomainTls } from './share-domain.js';
import { tlsSettings } from './tls.js';

/** Raft decides who leads. */
export interface RaftSettings {
  readonly kind: 'raft';
  readonly dataDir: string;
  /** Where this node listens. */
  readonly bind: Address;
  /** `host:port` at which the peers reach this node; one of `nodes`, unless that is empty. */
  readonly advertise: string;
  /** `host:port` of every node, including this one. Empty: a single node. */
  readonly nodes: readonly string[];
  readonly clusterName: string;
  /** What peers prove that they know; null or absent: nothing. */
  readonly secret?: RaftSecretSettings | null;
  /** Null or absent: peers talk in clear. */
  readonly tls?: RaftTlsSettings | null;
  /** Goes on alone from data that were used with other nodes: `--force-new-cluster`. */
  readonly forceNewCluster?: boolean;
  readonly heartbeatMs: number;
  /** The shortest election timeout; the longest is twice this. */
  readonly electionMs: number;
  /** Log entries between two snapshots. */
  readonly snapshotEntries: number;
}

/** A MySQL backend elects the leader. */
export interface BackendSettings extends PasswordSettings {
  readonly kind: 'backend';
  readonly host: string;
  readonly port: number;
  readonly schema: string;
  readonly user: string;
  /** Empty: the client's default. */
  readonly collation: string;
  readonly tls: TlsSettings | null;
  /** The RSA key of the backend, for logins without TLS; empty: none. */
  readonly serverPublicKeyFile: string;
}

/** Everything but the stores (see `clusterSettings`). */
export interface ServiceSettings {
  readonly listenPort: number;
  /** Empty: all. */
  readonly listenAddress: string;
  /** Null: plain HTTP. */
  readonly listenTls: ListenTlsSettings | null;
  readonly door: DoorSettings;
  readonly httpEngine: HttpEngineChoice;
  /**
   * Threads that serve HTTP. With `auto` the number for `uws`; the fallback `node` starts one.
   */
  readonly httpWorkers: number;
  readonly probeWorkers: number;
  readonly profiling: boolean;
  readonly consensus: RaftSettings | BackendSettings;
  /** Empty: none. */
  readonly domain: string;
  readonly shareDomain: string;
  readonly shareDomainTls: ShareDomainTls | null;
  readonly memcache: MemcacheAddress;
  readonly appRules: AppRulesSettings;
  readonly access: AccessSettings;
}

const AUTOMATIC_WORKERS_MAX = 4;

/** The settings of a valid configuration on a machine with that many cores. */
export function serviceSettings(config: FrenoConfig, cores: number): ServiceSettings {
  return {
    listenPort: config.ListenPort,
    listenAddress: config.ListenAddress,
    listenTls: listenTls(config),
    door: doorSettings(config),
    httpEngine: httpEngine(config),
    httpWorkers: httpWorkers(config, cores),
    probeWorkers: config.ProbeWorkers || automaticWorkers(Math.floor(cores / 2)),
    profiling: config.EnableProfiling,
    consensus: config.BackendMySQLHost === '' ? raftSettings(config) : backendSettings(config),
    domain: domain(config),
    shareDomain: config.ShareDomain,
    shareDomainTls: shareDomainTls(config),
    memcache: {
      servers: config.MemcacheServers,
      path: config.MemcachePath,
      tls: tlsSettings(config.MemcacheTLS),
    },
    appRules: appRulesSettings(config),
    access: accessSettings(config),
  };
}

function httpWorkers(config: FrenoConfig, cores: number): number {
  if (httpEngine(config) === 'node') return 1;
  return config.HttpWorkers || automaticWorkers(cores - 1);
}

function automaticWorkers(wanted: number): number {
  return Math.max(1, Math.min(AUTOMATIC_WORKERS_MAX, wanted));
}

function raftSettings(config: FrenoConfig): RaftSettings {
  const bind = raftAddress(config, config.RaftBind);
  return {
    kind: 'raft',
    dataDir: config.RaftDataDir,
    bind,
    advertise: formatAddress(
      config.RaftAdvertise === '' ? bind : raftAddress(config, config.RaftAdvertise),
    ),
    nodes: config.RaftNodes.map((node) => formatAddress(raftAddress(config, node))),
    clusterName: config.RaftClusterName,
    secret: raftSecret(config),
    tls: raftTlsSettings(config.RaftTLS, config.DefaultRaftPort),
    heartbeatMs: config.RaftHeartbeatMillis,
    electionMs: config.RaftElectionMillis,
    snapshotEntries: config.RaftSnapshotEntries,
  };
}

function raftSecret(config: FrenoConfig): RaftSecretSettings | null {
  const { RaftSecret: value, RaftSecretFile: file, RaftSecretMode: mode } = config;
  return value === '' && file === '' ? null : { value, file, mode };
}

/**
 * A Raft address of a valid configuration. Host names are in lower case, so that equal nodes are
 * equal strings.
 */
export function raftAddress(config: FrenoConfig, text: string): Address {
  const address = parseAddress(text, config.DefaultRaftPort);
  if (address === null) throw new Error('a Raft address was not validated');
  return { host: address.host.toLowerCase(), port: address.port };
}

function backendSettings(config: FrenoConfig): BackendSettings {
  return {
    kind: 'backend',
    host: config.BackendMySQLHost,
    port: config.BackendMySQLPort || MYSQL_DEFAULT_PORT,
    schema: config.BackendMySQLSchema,
    user: config.BackendMySQLUser,
    ...passwordOf(prefixedPassword('BackendMySQL', config)),
    collation: config.BackendMySQLCollation,
    tls: tlsSettings(config.BackendMySQLTLS),
    serverPublicKeyFile: config.BackendMySQLServerPublicKeyFile,
  };
}

/** `Domain`, else `DataCenter:Environment`; empty where neither is set. */
export function domain(config: FrenoConfig): string {
  const { Domain, DataCenter, Environment } = config;
  if (Domain !== '') return Domain;
  return DataCenter === '' && Environment === '' ? '' : `${DataCenter}:${Environment}`;
}
