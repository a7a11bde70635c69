/**
 * `/cluster` with a MySQL backend: nodes do not talk to each other, so of the others only what the
 * tables have is known. A service id is the address of the HTTP service.
 */
import type {
  ClusterNode,
  ClusterStatus,
  ConsensusState,
  NodeDescription,
} from '../../contracts/consensus.js';

export interface BackendCluster {
  /** Service id of this node. */
  readonly self: string;
  readonly state: ConsensusState;
  /** Empty: unknown. */
  readonly leader: string;
  /** Service ids of the nodes that reported recently. */
  readonly healthyServices: readonly string[];
  readonly description: NodeDescription;
}

export function backendClusterStatus(known: BackendCluster): ClusterStatus {
  const { self, leader, healthyServices } = known;
  const others = new Set([...healthyServices, leader].filter((id) => id !== self && id !== ''));
  const nodes = [ownNode(known), ...[...others].map((id) => otherNode(id, leader))];
  return {
    Self: self,
    Leader: leader,
    LeaderHTTP: leader,
    Nodes: nodes.sort((a, b) => (a.Node < b.Node ? -1 : 1)),
  };
}

function ownNode({ self, state, description }: BackendCluster): ClusterNode {
  return {
    ...otherNode(self, ''),
    Role: state,
    LastContactMillis: 0,
    Version: description.version,
    ConfigHash: description.configHash,
    SameConfig: true,
    ClockDifferenceMillis: 0,
  };
}

function otherNode(serviceId: string, leader: string): ClusterNode {
  return {
    Node: serviceId,
    HTTP: serviceId,
    Role: serviceId === leader ? 'Leader' : 'Healthy',
    Term: null,
    CommitIndex: null,
    AppliedIndex: null,
    Version: null,
    ConfigHash: null,
    SameConfig: null,
    ClockDifferenceMillis: null,
    LastContactMillis: null,
    Error: '',
  };
}
