/** What a mutant is: a node in which one rule is broken on purpose. */
import type { Rules } from '../../../../src/consensus/raft/core/rules.js';
import type { DiskBug } from './disk.js';
import type { FaultProfile } from './fault-profile.js';
import type { CoreBug } from './mutant-core.js';

export interface Mutant {
  readonly name: string;
  /**
   * What makes its circumstances likely. All are found in drawn faults too, but those that need
   * three faults in a row only once in many hundred seeds, which is too long for a test.
   */
  readonly faults?: Partial<FaultProfile>;
  readonly rules?: Partial<Rules>;
  readonly core?: CoreBug;
  readonly disk?: DiskBug;
  readonly forgetsVote?: boolean;
  readonly forgetsLockout?: boolean;
  readonly notesRoundsLate?: boolean;
  readonly ignoresClocks?: boolean;
  readonly duplicatesForwards?: boolean;
  readonly confirmsBeforeReaders?: boolean;
}
