/** What of a core's soft state is reported to the service. */
import type { SoftState } from '../core/types.js';

/** Whether role, term, leader or transfer changed: the lease changes with each round. */
export function isNews(before: SoftState, soft: SoftState): boolean {
  return (
    soft.role !== before.role ||
    soft.term !== before.term ||
    soft.leader !== before.leader ||
    soft.transferTo !== before.transferTo
  );
}
