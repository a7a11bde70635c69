/** Changes of leadership and role, in words for the log. */
import type { LeadershipLoss, SoftState } from './core/types.js';

export const lossTexts: Record<LeadershipLoss, string> = {
  handover: 'leadership was handed over',
  diskStalled: 'the disk of this node has not completed a write in time, that of a follower has',
  commitStalled: 'no command was committed in time: the disks of too many nodes stall',
  quorumLost: 'no majority of the nodes responded in time',
  laterTerm: 'another node started a later term',
};

/** The role of a node that does not lead. */
export function roleText({ role, leader }: SoftState): string {
  switch (role) {
    case 'preCandidate':
      return 'raft: became pre-candidate: no heartbeat of a leader';
    case 'candidate':
      return 'raft: became candidate';
    default:
      return leader === null ? 'raft: no leader' : 'raft: became follower';
  }
}
