/** Keys of the top level that decide who leads: Raft, or a MySQL backend. */

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
} from './keys.js';
import { optionalTls } from './schema-stores.js';

const RAFT_NODES_MAX = 63;

export const raftKeys = {
  RaftDataDir: text().default('').meta({
    description:
      'Directory of the Raft log. It belongs to one process. This or `BackendMySQLHost` must be set.',
  }),
  RaftBind: address().default('127.0.0.1:10008').meta({
    description: 'Address on which this node listens for its peers, `host` or `host:port`.',
  }),
  RaftAdvertise: optionalAddress().default('').meta({
    description:
      'Address by which the peers know this node; it must be among `RaftNodes`. Empty: `RaftBind`.',
  }),
  RaftNodes: list(address(), RAFT_NODES_MAX).default([]).meta({
    description:
      'All nodes of the cluster, this one among them, the same list on each. Empty: this node alone.',
  }),
  DefaultRaftPort: optionalPort().default(0).meta({
    description: 'Port of Raft addresses that name none. 0: each must name its own.',
    digits: true,
  }),
  RaftClusterName: text().min(1).max(128).default('freno').meta({
    description: 'Name of the cluster. Peers of another name are refused.',
  }),
  RaftHeartbeatMillis: z.int().min(10).max(10_000).default(50).meta({
    description: 'Interval of the heartbeats of the leader.',
  }),
  RaftElectionMillis: z
    .int()
    .min(50)
    .max(60_000)
    .default(400)
    .meta({
      description: `A node that hears no leader for this long, and up to as long again by chance, stands for election. At least ${ELECTION_HEARTBEATS_MIN} times \`RaftHeartbeatMillis\`.`,
    }),
  RaftSnapshotEntries: z.int().min(100).max(1_000_000).default(8_192).meta({
    description:
      'Log entries after which the state is written as a snapshot and the log compacted.',
  }),
};

export const backendKeys = {
  BackendMySQLHost: optionalHost().default('').meta({
    description: 'Host of the MySQL backend, which then decides who leads, instead of Raft.',
  }),
  BackendMySQLPort: optionalPort()
    .default(MYSQL_DEFAULT_PORT)
    .meta({ description: `Its port. 0: ${MYSQL_DEFAULT_PORT}.` }),
  BackendMySQLSchema: text()
    .default('')
    .meta({ description: 'Its schema (database). Required with `BackendMySQLHost`.' }),
  BackendMySQLUser: text().default('').meta({ description: 'Its user.' }),
  BackendMySQLPassword: text()
    .default('')
    .meta({ description: 'The password of that user.', secret: true }),
  BackendMySQLCollation: collation()
    .default('')
    .meta({ description: 'Collation of the connections. Empty: that of the client library.' }),
  BackendMySQLTLS: optionalTls().meta({
    description: 'Encryption towards the backend. None unless given.',
  }),
};
