/** Rules between keys. The schema checks one value at a time and cannot hold them. */
import { formatAddress } from '../base/address.js';
import { ELECTION_HEARTBEATS_MIN } from '../contracts/consensus.js';
import type { Findings } from './findings.js';
import { checkListening } from './listening.js';
import { checkPassword, prefixedPassword } from './passwords.js';
import { secretsProblem } from './raft-secret.js';
import { normalNode } from './raft-tls.js';
import { checkAccess } from './rules-access.js';
import { checkCertificate } from './rules-certificate.js';
import { checkBackendLogin } from './rules-login.js';
import { checkStores } from './rules-stores.js';
import type { FrenoConfig } from './schema.js';
import { APP_PATTERNS_MAX } from './schema-apps.js';
import type { Path } from './schema-walk.js';
import { domain, raftAddress } from './settings.js';
import { checkShareDomain } from './share-domain.js';

/** `service_election.domain` and `.share_domain` of the MySQL backend are varchar(32). */
const DOMAIN_LENGTH_MAX = 32;

/** Checks a configuration whose values are each valid. */
export function checkRules(config: FrenoConfig, findings: Findings): void {
  if (config.BackendMySQLHost === '') checkRaft(config, findings);
  else checkBackend(config, findings);
  if (config.HttpEngine === 'node' && config.HttpWorkers > 1) {
    findings.warning(['HttpWorkers'], 'ignored: HttpEngine "node" has one worker');
  }
  checkCertificate(config.BackendMySQLTLS, ['BackendMySQLTLS'], findings);
  checkCertificate(config.MemcacheTLS, ['MemcacheTLS'], findings);
  checkPassword(prefixedPassword('BackendMySQL', config), [], findings, 'BackendMySQL');
  checkBackendLogin(config, findings);
  checkApps(config.Apps, findings);
  checkAccess(config.Access, findings);
  checkListening(config, findings);
  checkShareDomain(config, findings);
  checkStores(config.Stores.MySQL, findings);
}

function checkApps(apps: FrenoConfig['Apps'], findings: Findings): void {
  const patterns = Object.keys(apps).length;
  if (patterns <= APP_PATTERNS_MAX) return;
  findings.problem(['Apps'], `must have at most ${APP_PATTERNS_MAX} patterns, got ${patterns}`);
}

function checkBackend(config: FrenoConfig, findings: Findings): void {
  const host: Path = ['BackendMySQLHost'];
  if (config.BackendMySQLSchema === '') {
    findings.problem(['BackendMySQLSchema'], 'must be set, because BackendMySQLHost is set', [
      host,
    ]);
  }
  if (config.RaftDataDir !== '') {
    findings.warning(
      ['RaftDataDir'],
      'ignored: BackendMySQLHost is set, so the MySQL backend elects the leader',
    );
  }
  if (domain(config).length > DOMAIN_LENGTH_MAX) {
    findings.problem(
      ['Domain'],
      `must have at most ${DOMAIN_LENGTH_MAX} characters; it defaults to DataCenter:Environment`,
      [['DataCenter'], ['Environment']],
    );
  }
  if (config.ShareDomain.length > DOMAIN_LENGTH_MAX) {
    findings.problem(['ShareDomain'], `must have at most ${DOMAIN_LENGTH_MAX} characters`);
  }
}

function checkRaft(config: FrenoConfig, findings: Findings): void {
  if (config.RaftDataDir === '') {
    findings.problem(['RaftDataDir'], 'must be set, unless BackendMySQLHost is set', [
      ['BackendMySQLHost'],
    ]);
  }
  if (config.ShareDomain !== '') {
    findings.warning(['ShareDomain'], 'ignored: needs the MySQL backend; set BackendMySQLHost');
  }
  checkRaftTimes(config, findings);
  checkRaftSecret(config, findings);
  checkRaftNames(config, findings);
  checkRaftAddresses(config, findings);
}

function checkRaftTimes(config: FrenoConfig, findings: Findings): void {
  const { RaftHeartbeatMillis: heartbeatMs, RaftElectionMillis: electionMs } = config;
  if (electionMs >= ELECTION_HEARTBEATS_MIN * heartbeatMs) return;
  findings.problem(
    ['RaftElectionMillis'],
    `must be at least ${ELECTION_HEARTBEATS_MIN} times RaftHeartbeatMillis (${heartbeatMs}), ` +
      `got ${electionMs}`,
    [['RaftHeartbeatMillis']],
  );
}

function checkRaftNames(config: FrenoConfig, findings: Findings): void {
  const normal = (node: string): string => normalNode(node, config.DefaultRaftPort);
  const nodes = config.RaftNodes.map(normal);
  for (const node of Object.keys(config.RaftTLS?.Names ?? {})) {
    if (nodes.includes(normal(node))) continue;
    findings.problem(['RaftTLS', 'Names', node], 'is not among RaftNodes', [['RaftNodes']]);
  }
}

function checkRaftSecret(config: FrenoConfig, findings: Findings): void {
  const { RaftSecret, RaftSecretFile } = config;
  if (RaftSecret === '') return;
  if (RaftSecretFile !== '') {
    findings.problem(['RaftSecret'], 'must not be set, because RaftSecretFile is set', [
      ['RaftSecretFile'],
    ]);
  }
  const problem = secretsProblem(RaftSecret);
  if (problem !== null) findings.problem(['RaftSecret'], problem);
}

function checkRaftAddresses(config: FrenoConfig, findings: Findings): void {
  const normal = (text: string, path: Path): string => {
    const address = raftAddress(config, text);
    if (address.port === 0) {
      findings.problem(path, 'has no port; write HOST:PORT, or set DefaultRaftPort', [
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
      findings.problem(
        ['RaftNodes', index],
        `duplicate of RaftNodes[${first}]; list each node once`,
      );
  });
  if (nodes.length === 0 || nodes.includes(self)) return;
  const remedy = advertised
    ? 'add it there'
    : 'add it there, or set RaftAdvertise to the address at which the peers reach this node';
  findings.problem(
    [advertised ? 'RaftAdvertise' : 'RaftBind'],
    `${self} is not among RaftNodes (${nodes.join(', ')}): ${remedy}`,
    [['RaftNodes'], ['RaftBind'], ['RaftAdvertise'], ['DefaultRaftPort']],
  );
}
