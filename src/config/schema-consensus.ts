/** Keys of the top level about consensus: Raft, or a MySQL backend. */

import { z } from 'zod';
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import { ELECTION_HEARTBEATS_MIN } from '../contracts/consensus.js';
import {
  address,
  collation,
  list,
  optionalAddress,
  optionalHost,
  optionalPort,
  text,
} from './key-types.js';
import { optionalLogin, optionalTls } from './schema-hosts.js';

const RAFT_NODES_MAX = 63;

const proofMode = () => z.enum(['accept', 'require']).default('require');

const raftTls = z.strictObject({
  CAFile: text().min(1).meta({
    description: 'File of the authorities that sign the certificates of the nodes (PEM).',
  }),
  CertFile: text()
    .min(1)
    .meta({
      description:
        'File of the certificate of this node (PEM). ' +
        'Its name is the host of `RaftAdvertise`, or stands in `Names`.',
    }),
  KeyFile: text().min(1).meta({ description: 'File of the key of the certificate (PEM).' }),
  Mode: proofMode().meta({
    description:
      '`require`: nodes without TLS or a valid certificate are refused. ' +
      '`accept`: they are accepted with a warning, while TLS is introduced.',
  }),
  Names: z
    .record(address(), text().min(1))
    .default({})
    .meta({
      description:
        'Names in the certificates of nodes, by address as in `RaftNodes`, ' +
        'where it is not the host of the address.',
    }),
});

export type RaftTlsConfig = z.output<typeof raftTls>;

export const raftKeys = {
  RaftDataDir: text()
    .default('')
    .meta({
      description:
        'Directory of the Raft log, used by one process only. ' +
        'Required, unless `BackendMySQLHost` is set.',
    }),
  RaftBind: address().default('127.0.0.1:10008').meta({
    description: 'Address on which this node listens for its peers, `host` or `host:port`.',
  }),
  RaftAdvertise: optionalAddress().default('').meta({
    description:
      'Address at which the peers reach this node; one of `RaftNodes`. Empty: `RaftBind`.',
  }),
  RaftNodes: list(address(), RAFT_NODES_MAX)
    .default([])
    .meta({
      description:
        'All nodes of the cluster, including this one; the same list on each node. ' +
        'Empty: a single node.',
    }),
  DefaultRaftPort: optionalPort().default(0).meta({
    description: 'Port of Raft addresses without one. 0: each address must have a port.',
    digits: true,
  }),
  RaftClusterName: text().min(1).max(128).default('freno').meta({
    description: 'Name of the cluster. Peers with another name are rejected.',
  }),
  RaftSecretFile: text()
    .default('')
    .meta({
      description:
        'File of the secret that the nodes prove to each other, at least 32 characters. ' +
        'With two lines the first is used and both are accepted. Read again on SIGHUP.',
    }),
  RaftSecret: text().default('').meta({
    description:
      'The secret itself, as an environment variable; it cannot change without a restart.',
    secret: true,
  }),
  RaftSecretMode: proofMode().meta({
    description:
      '`require`: a node that does not prove that it knows the secret is refused. ' +
      '`accept`: it is accepted with a warning, while the secret is introduced.',
  }),
  RaftTLS: raftTls.optional().meta({
    description:
      'Encrypts the connections between the nodes, which show each other certificates. ' +
      'None if not set.',
  }),
  RaftHeartbeatMillis: z.int().min(10).max(10_000).default(50).meta({
    description: 'Interval of the heartbeats of the leader, in milliseconds.',
  }),
  RaftElectionMillis: z
    .int()
    .min(50)
    .max(60_000)
    .default(400)
    .meta({
      description:
        'Election timeout in milliseconds: a node starts an election after one to two times this ' +
        'long without a heartbeat (a random time). ' +
        `At least ${ELECTION_HEARTBEATS_MIN} times \`RaftHeartbeatMillis\`.`,
    }),
  RaftSnapshotEntries: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(8_192)
    .meta({
      description:
        'Log entries between two snapshots, or a quarter as many as there are entries in force ' +
        'if that is more. A snapshot truncates the log.',
    }),
};

export const backendKeys = {
  BackendMySQLHost: optionalHost().default('').meta({
    description: 'Host of the MySQL backend, which then elects the leader instead of Raft.',
  }),
  BackendMySQLPort: optionalPort()
    .default(MYSQL_DEFAULT_PORT)
    .meta({ description: `Port of the backend. 0: ${MYSQL_DEFAULT_PORT}.` }),
  BackendMySQLSchema: text()
    .default('')
    .meta({ description: 'Schema (database) of the backend. Required with `BackendMySQLHost`.' }),
  BackendMySQLUser: text().default('').meta({ description: 'User of the backend.' }),
  BackendMySQLPassword: text()
    .default('')
    .meta({ description: 'Password of the backend user.', secret: true }),
  BackendMySQLPasswordFile: text()
    .default('')
    .meta({ description: 'File that holds it, instead of `BackendMySQLPassword`.' }),
  BackendMySQLCollation: collation()
    .default('')
    .meta({ description: 'Collation of the connections. Empty: that of the client library.' }),
  BackendMySQLLogin: optionalLogin().meta({ description: 'As `Login` of `Stores.MySQL`.' }),
  BackendMySQLServerPublicKeyFile: text()
    .default('')
    .meta({ description: 'As `ServerPublicKeyFile` of `Stores.MySQL`.' }),
  BackendMySQLTLS: optionalTls().meta({
    description: 'Encryption of the connections to the backend. None if not set.',
  }),
};
