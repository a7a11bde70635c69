/** Metrics of leadership, of the operators' commands in force, and of Raft. */
import { monotonicMs } from '../../../base/clock.js';
import { type Board, emptyLeadershipReading } from '../../../board/board.js';
import type { Consensus, RaftMetrics } from '../../../contracts/consensus.js';
import type { FitnessReport } from '../../../contracts/reports.js';
import { mayAct, mayLead } from '../../../throttle/leadership-view.js';
import type { ThrottleState } from '../../../throttle/state.js';
import {
  addStates,
  counter,
  type Family,
  gauge,
  histogram,
  stateLabels,
} from './prometheus-text.js';

const ROLES = stateLabels('role', ['leader', 'candidate', 'follower'] satisfies ReadonlyArray<
  RaftMetrics['role']
>);

export function leadershipFamilies(board: Board, consensus: Pick<Consensus, 'status'>): Family[] {
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  return [
    gauge('freno_leader', 'Whether this node may act as leader now.').add(
      {},
      mayAct(leadership, nowMs) ? 1 : 0,
    ),
    gauge(
      'freno_leader_ready',
      'Whether /leader-check says yes: this node leads, and its stores have been read.',
    ).add({}, mayLead(leadership, nowMs) ? 1 : 0),
    gauge(
      'freno_consensus_healthy',
      'Whether this node participates in consensus: it knows a leader, or reaches the backend.',
    ).add({}, consensus.status().Healthy ? 1 : 0),
  ];
}

export function fitnessFamilies(fitness: FitnessReport): Family[] {
  return [
    gauge(
      'freno_leader_failing_stores',
      'Stores of which this leader reads nothing, for a reason that may be its own.',
    ).add({}, fitness.failingStores),
    counter(
      'freno_leader_questions_total',
      'How often this leader, which could not read a store, looked for a node that can.',
    ).add({}, fitness.questions),
    counter(
      'freno_leader_handovers_total',
      'How often this node handed over because another one reads more stores.',
    ).add({}, fitness.handovers),
  ];
}

export async function operatorFamilies(board: Board, state: ThrottleState): Promise<Family[]> {
  const live = await state.liveEntries(board.expiryTimeMs());
  const { throttledApps, skippedHosts, exemptedApps, thresholds } = live;
  const bytes = gauge(
    'freno_entries_bytes',
    'Bytes of the names, reasons and owners of the entries of a table, expired or not.',
  );
  const { entryBytes } = state;
  bytes.add({ table: 'throttled_apps' }, entryBytes.throttledApps);
  bytes.add({ table: 'skipped_hosts' }, entryBytes.skippedHosts);
  bytes.add({ table: 'exempted_apps' }, entryBytes.exemptedApps);
  bytes.add({ table: 'thresholds' }, entryBytes.thresholds);
  return [
    gauge('freno_throttled_apps', 'Entries of throttled apps in force.').add({}, throttledApps),
    gauge('freno_skipped_hosts', 'Hosts skipped by an operator now.').add({}, skippedHosts),
    gauge('freno_exempted_apps', 'Exemptions of apps in force.').add({}, exemptedApps),
    gauge('freno_set_thresholds', 'Thresholds set by an operator now.').add({}, thresholds),
    bytes,
  ];
}

/** Empty with a MySQL backend. */
export function raftFamilies(raft: RaftMetrics | undefined): Family[] {
  if (raft === undefined) return [];
  const role = gauge('freno_raft_role', 'Whether this node is in that role.');
  addStates(role, {}, ROLES, raft.role);
  return [
    role,
    gauge('freno_raft_term', 'The latest term that this node knows.').add({}, raft.term),
    gauge('freno_raft_commit_index', 'The last entry known to be committed.').add(
      {},
      raft.commitIndex,
    ),
    gauge('freno_raft_applied_index', 'The last entry applied on this node.').add(
      {},
      raft.appliedIndex,
    ),
    counter('freno_raft_elections_total', 'Terms in which this node stood for election.').add(
      {},
      raft.elections,
    ),
    counter(
      'freno_raft_leader_changes_total',
      'How often this node came to know another leader, or none any more.',
    ).add({}, raft.leaderChanges),
    gauge('freno_raft_pending_requests', 'Control requests that wait for their commit.').add(
      {},
      raft.pendingRequests,
    ),
    counter(
      'freno_raft_checksum_errors_total',
      'Connections of peers closed because a frame was changed on the way.',
    ).add({}, raft.checksumErrors),
    counter(
      'freno_raft_refused_connections_total',
      'Connections to the port of peers that were refused, or closed for what they sent.',
    ).add({}, raft.refusedConnections),
    counter(
      'freno_raft_refused_proofs_total',
      'Connections refused because the other side did not prove that it is a peer.',
    ).add({}, raft.refusedProofs),
    gauge('freno_raft_unproven_peers', 'Peers accepted without the configured proof.').add(
      {},
      raft.unprovenPeers,
    ),
    gauge('freno_raft_differing_node_lists', "Peers whose RaftNodes differs from this node's.").add(
      {},
      raft.differingLists,
    ),
    gauge('freno_raft_nodes', 'Nodes of the cluster.').add({}, raft.nodes),
    gauge('freno_raft_nodes_needed', 'Nodes that make a majority.').add({}, raft.nodesNeeded),
    gauge('freno_raft_nodes_reached', 'Nodes that this node reaches, with itself.').add(
      {},
      raft.nodesReached,
    ),
    histogram(
      'freno_raft_disk_write_duration_seconds',
      'Time from handing a batch of votes and entries to the disk until it is durable ' +
        '(fsync included).',
    ).addHistogram({}, raft.diskWrites),
  ];
}
