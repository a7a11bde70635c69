/**
 * Which probe thread gets which cluster: even by number of hosts, and with as few moves as that
 * allows. Pure.
 */

/** A cluster to be dealt out, told apart by its place on the board. */
export interface ClusterLoad {
  readonly slot: number;
  readonly hosts: number;
}

/**
 * Threads may differ by this many hosts, or by half of the average, before a cluster is moved: a
 * move costs its connections.
 */
const UNEVEN_HOSTS_MIN = 50;
const UNEVEN_SHARE = 0.5;

/**
 * The thread (0 to `threads - 1`) of each slot. Clusters stay where `owners` has them; new ones go,
 * the largest first, to the thread with the fewest hosts; then the most loaded thread gives to the
 * least loaded until they are even enough.
 */
export function assignClusters(
  cards: readonly ClusterLoad[],
  owners: ReadonlyMap<number, number>,
  threads: number,
): Map<number, number> {
  const dealt = new Map<number, number>();
  const loads = new Array<number>(threads).fill(0);
  const give = (card: ClusterLoad, thread: number): void => {
    dealt.set(card.slot, thread);
    // A cluster without hosts costs something too.
    loads[thread]! += weight(card);
  };
  const isOwned = (card: ClusterLoad): boolean => (owners.get(card.slot) ?? threads) < threads;
  for (const card of cards) if (isOwned(card)) give(card, owners.get(card.slot)!);
  const fresh = cards.filter((card) => !isOwned(card));
  fresh.sort((left, right) => right.hosts - left.hosts || left.slot - right.slot);
  for (const card of fresh) give(card, lightest(loads));
  evenOut(cards, dealt, loads);
  return dealt;
}

/**
 * The slots that may be written while others change hands, with their threads: each slot has one
 * writer at any time, so that the one before has to let go first. Null when no slot changes hands.
 */
export function unmovedSlots(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> | null {
  const moves = ([slot, thread]: readonly [number, number]): boolean =>
    before.has(slot) && before.get(slot) !== thread;
  if (![...after].some(moves)) return null;
  return new Map([...after].filter(([slot, thread]) => before.get(slot) === thread));
}

/**
 * Each move makes the heaviest thread lighter without making another as heavy, so there are at most
 * as many as clusters.
 */
function evenOut(cards: readonly ClusterLoad[], dealt: Map<number, number>, loads: number[]): void {
  const average = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const tolerated = Math.max(UNEVEN_HOSTS_MIN, average * UNEVEN_SHARE);
  for (let moves = 0; moves < cards.length; moves++) {
    const from = heaviest(loads);
    const to = lightest(loads);
    const gap = loads[from]! - loads[to]!;
    if (gap <= tolerated) return;
    const card = largestWithin(cards, gap / 2, (slot) => dealt.get(slot) === from);
    if (card === undefined) return;
    dealt.set(card.slot, to);
    loads[from]! -= weight(card);
    loads[to]! += weight(card);
  }
}

function largestWithin(
  cards: readonly ClusterLoad[],
  weightMax: number,
  isCandidate: (slot: number) => boolean,
): ClusterLoad | undefined {
  let best: ClusterLoad | undefined;
  for (const card of cards) {
    if (weight(card) > weightMax || !isCandidate(card.slot)) continue;
    if (best === undefined || card.hosts > best.hosts) best = card;
  }
  return best;
}

function weight(card: ClusterLoad): number {
  return Math.max(1, card.hosts);
}

function lightest(loads: readonly number[]): number {
  return loads.indexOf(Math.min(...loads));
}

function heaviest(loads: readonly number[]): number {
  return loads.indexOf(Math.max(...loads));
}
