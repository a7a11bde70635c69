/** `/cluster`: what a node knows of itself and of the others, by their reports. */
import { formatAddress, parseAddress } from '../../base/address.js';
import type { ClusterNode, ClusterStatus, ConsensusState } from '../../contracts/consensus.js';
import type { NodeReport, ReportedRole } from './codec/node-report.js';
import type { NodeId } from './core/types.js';
import type { ReceivedReport } from './peer-reports.js';

const ROLES: Readonly<Record<ReportedRole, ConsensusState>> = {
  leader: 'Leader',
  follower: 'Follower',
  candidate: 'Candidate',
};

/** What is known of a peer. */
export interface KnownPeer {
  readonly node: NodeId;
  /** Undefined: none has arrived, or its release sends none. */
  readonly received: ReceivedReport | undefined;
  /** Milliseconds since anything of it arrived; null: nothing has. */
  readonly heardAgoMs: number | null;
  /** Why messages do not reach it; null: they do. */
  readonly fault: string | null;
  /** The latest refusal of a connection in its name, from where; empty or absent: none recently. */
  readonly refused?: string;
}

export interface KnownCluster {
  readonly self: NodeId;
  /** Null: unknown. */
  readonly leader: NodeId | null;
  readonly own: NodeReport;
  /** False while the disk of this node has failed: it does not participate. */
  readonly participates: boolean;
  /** In the order of the configuration, without this node. */
  readonly peers: readonly KnownPeer[];
}

export function clusterStatus(known: KnownCluster): ClusterStatus {
  const { self, leader, own, peers } = known;
  const nodes = [ownNode(known), ...peers.map((peer) => peerNode(peer, own))];
  const leading = nodes.find(({ Node }) => Node === leader);
  return {
    Self: self,
    Leader: leader ?? '',
    LeaderHTTP: leading?.HTTP ?? '',
    Nodes: nodes.sort((a, b) => (a.Node < b.Node ? -1 : 1)),
  };
}

function ownNode({ self, own, participates }: KnownCluster): ClusterNode {
  return {
    Node: self,
    ...reported(self, own),
    ...(!participates && { Role: 'Unhealthy' }),
    SameConfig: true,
    ClockDifferenceMillis: 0,
    LastContactMillis: 0,
    Error: '',
  };
}

function peerNode(peer: KnownPeer, own: NodeReport): ClusterNode {
  const { node, received, heardAgoMs, fault, refused = '' } = peer;
  const report = received?.report;
  return {
    Node: node,
    ...reported(node, report),
    // What it was is no news of what it is.
    ...(fault !== null && { Role: null }),
    SameConfig: report === undefined ? null : report.configHash === own.configHash,
    ClockDifferenceMillis: received?.clockDifferenceMs ?? null,
    LastContactMillis: heardAgoMs === null ? null : Math.round(heardAgoMs),
    Error: fault ?? '',
    ...(refused !== '' && { Refused: refused }),
  };
}

type ReportedKeys =
  | 'HTTP'
  | 'Role'
  | 'Term'
  | 'CommitIndex'
  | 'AppliedIndex'
  | 'Version'
  | 'ConfigHash';

function reported(node: NodeId, report: NodeReport | undefined): Pick<ClusterNode, ReportedKeys> {
  if (report === undefined) return NOTHING_REPORTED;
  return {
    HTTP: httpAddress(node, report.listenPort),
    Role: ROLES[report.role],
    Term: report.term,
    CommitIndex: report.commitIndex,
    AppliedIndex: report.appliedIndex,
    Version: report.version,
    ConfigHash: report.configHash,
  };
}

const NOTHING_REPORTED: Pick<ClusterNode, ReportedKeys> = {
  HTTP: null,
  Role: null,
  Term: null,
  CommitIndex: null,
  AppliedIndex: null,
  Version: null,
  ConfigHash: null,
};

/** The HTTP service listens on all addresses, the one for peers among them. */
function httpAddress(node: NodeId, port: number): string | null {
  const address = parseAddress(node, 0);
  return address === null || port === 0 ? null : formatAddress({ host: address.host, port });
}
