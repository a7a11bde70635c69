/** Rules between keys: what the schema, which looks at one value at a time, cannot see. */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../base/address.js';
import { STORES_MAX } from '../base/limits.js';
import { ELECTION_HEARTBEATS_MIN } from '../contracts/consensus.js';
import { namedSources, SOURCE_KEYS, type SourceKey } from './clusters.js';
import type { FrenoConfig } from './schema.js';
import {
  type ClusterConfig,
  EMPTY_CLUSTER,
  type MySQLConfig,
  type TlsConfig,
} from './schema-stores.js';
import { keyPath, type Path, pathText } from './schema-walk.js';
import { domain, raftAddress } from './settings.js';

/** `service_election.domain` and `.share_domain` of the MySQL backend are varchar(32). */
const DOMAIN_LENGTH_MAX = 32;

/**
 * What the rules found. A rule that read a key which the schema refused stays silent: it judged a
 * default in its place.
 */
export class Findings {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #refused: ReadonlySet<string>;

  constructor(refused: readonly Path[]) {
    this.#refused = new Set(refused.map(pathText));
  }

  /** `what` is wrong at `path`; `alsoRead` are the other keys that the rule looked at. */
  problem(path: Path, what: string, alsoRead: readonly Path[] = []): void {
    if ([path, ...alsoRead].some((read) => this.#refused.has(pathText(keyPath(read))))) return;
    this.problems.push(`${pathText(path)}: ${what}`);
  }

  warning(path: Path, what: string): void {
    this.warnings.push(`${pathText(path)}: ${what}`);
  }
}

/** Checks a configuration whose values are each valid. */
export function checkRules(config: FrenoConfig, findings: Findings): void {
  if (config.BackendMySQLHost === '') checkRaft(config, findings);
  else checkBackend(config, findings);
  if (config.HttpEngine === 'node' && config.HttpWorkers > 1) {
    findings.warning(['HttpWorkers'], 'the engine "node" has one worker');
  }
  checkCertificate(config.BackendMySQLTLS, ['BackendMySQLTLS'], findings);
  checkStores(config.Stores.MySQL, findings);
}

function checkBackend(config: FrenoConfig, findings: Findings): void {
  const host: Path = ['BackendMySQLHost'];
  if (config.BackendMySQLSchema === '') {
    findings.problem(['BackendMySQLSchema'], 'must be set, because BackendMySQLHost is', [host]);
  }
  if (config.RaftDataDir !== '') {
    findings.warning(['RaftDataDir'], 'not used: BackendMySQLHost is set, the backend decides');
  }
  if (domain(config).length > DOMAIN_LENGTH_MAX) {
    findings.problem(
      ['Domain'],
      `the domain must have at most ${DOMAIN_LENGTH_MAX} characters (without Domain it is DataCenter:Environment)`,
      [['DataCenter'], ['Environment']],
    );
  }
  if (config.ShareDomain.length > DOMAIN_LENGTH_MAX) {
    findings.problem(['ShareDomain'], `must have at most ${DOMAIN_LENGTH_MAX} characters`);
  }
}

function checkRaft(config: FrenoConfig, findings: Findings): void {
  if (config.RaftDataDir === '') {
    findings.problem(['RaftDataDir'], 'either RaftDataDir or BackendMySQLHost must be set', [
      ['BackendMySQLHost'],
    ]);
  }
  if (config.ShareDomain !== '') {
    findings.warning(['ShareDomain'], 'not used: it needs a MySQL backend (BackendMySQLHost)');
  }
  checkRaftTimes(config, findings);
  checkRaftAddresses(config, findings);
}

function checkRaftTimes(config: FrenoConfig, findings: Findings): void {
  const { RaftHeartbeatMillis: heartbeatMs, RaftElectionMillis: electionMs } = config;
  if (electionMs >= ELECTION_HEARTBEATS_MIN * heartbeatMs) return;
  findings.problem(
    ['RaftElectionMillis'],
    `must be at least ${ELECTION_HEARTBEATS_MIN} times RaftHeartbeatMillis (${heartbeatMs}), is ${electionMs}`,
    [['RaftHeartbeatMillis']],
  );
}

function checkRaftAddresses(config: FrenoConfig, findings: Findings): void {
  const normal = (text: string, path: Path): string => {
    const address = raftAddress(config, text);
    if (address.port === 0) {
      findings.problem(path, 'has no port: write HOST:PORT, or set DefaultRaftPort', [
        ['DefaultRaftPort'],
      ]);
    }
    return formatAddress(address);
  };
  const nodes = config.RaftNodes.map((node, index) => normal(node, ['RaftNodes', index]));
  const bind = normal(config.RaftBind, ['RaftBind']);
  const advertised = config.RaftAdvertise !== '';
  const self = advertised ? normal(config.RaftAdvertise, ['RaftAdvertise']) : bind;
  nodes.forEach((node, index) => {
    const first = nodes.indexOf(node);
    if (first < index)
      findings.problem(['RaftNodes', index], `the same node as RaftNodes[${first}]`);
  });
  if (nodes.length === 0 || nodes.includes(self)) return;
  const remedy = advertised
    ? 'list it there'
    : 'list it there, or set RaftAdvertise to the address by which the peers know this node';
  findings.problem(
    [advertised ? 'RaftAdvertise' : 'RaftBind'],
    `${self} is not among RaftNodes (${nodes.join(', ')}): ${remedy}`,
    [['RaftNodes'], ['RaftBind'], ['RaftAdvertise'], ['DefaultRaftPort']],
  );
}

function checkStores(mysql: MySQLConfig, findings: Findings): void {
  const path: Path = ['Stores', 'MySQL'];
  const clusters = Object.entries(mysql.Clusters);
  if (clusters.length > STORES_MAX) {
    findings.problem(
      [...path, 'Clusters'],
      `must have at most ${STORES_MAX} clusters, has ${clusters.length}`,
    );
  }
  checkCertificate(mysql.TLS, [...path, 'TLS'], findings);
  for (const [name, cluster] of clusters) {
    checkCluster(mysql, cluster, [...path, 'Clusters', name], findings);
  }
}

function checkCluster(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  path: Path,
  findings: Findings,
): void {
  checkCertificate(cluster.TLS, [...path, 'TLS'], findings);
  const [used, ...unused] = namedSources(mysql, cluster);
  for (const key of SOURCE_KEYS) {
    if (key === used) continue;
    if (unused.includes(key)) findings.warning([...path, key], `not used: ${used} goes before it`);
    else if (!isDeepStrictEqual(cluster[key], EMPTY_CLUSTER[key])) {
      findings.warning([...path, key], `not used: it is incomplete, it needs ${NEEDS[key]}`);
    }
  }
  if (used === undefined) {
    findings.warning(path, 'names no source of hosts; its checks have nothing to answer from');
  }
  const haproxy = cluster.HAProxySettings;
  if (haproxy.Host !== '' && haproxy.Port > 0 && haproxy.Addresses !== '') {
    findings.warning(
      [...path, 'HAProxySettings', 'Addresses'],
      'not used: Host and Port go before it',
    );
  }
}

const NEEDS: Readonly<Record<SourceKey, string>> = {
  HAProxySettings: 'PoolName, and Host with Port or else Addresses',
  ProxySQLSettings: 'HostgroupID, and Addresses here or ProxySQLAddresses in Stores.MySQL',
  VitessSettings: 'API and Keyspace',
  StaticHostsSettings: 'Hosts',
};

function checkCertificate(tls: TlsConfig | undefined, path: Path, findings: Findings): void {
  if (tls === undefined || (tls.CertFile === '') === (tls.KeyFile === '')) return;
  const [missing, given] = tls.CertFile === '' ? ['CertFile', 'KeyFile'] : ['KeyFile', 'CertFile'];
  findings.problem([...path, missing!], `must be set, because ${given} is`, [[...path, given!]]);
}
