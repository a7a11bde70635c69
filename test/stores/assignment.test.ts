/** Which probe thread gets which cluster. */
import { expect } from 'chai';
import {
  assignClusters,
  type ClusterLoad,
  unmovedSlots,
} from '../../src/stores/main/assignment.js';

function cards(...hosts: number[]): ClusterLoad[] {
  return hosts.map((count, slot) => ({ slot, hosts: count }));
}

function loads(
  dealt: ReadonlyMap<number, number>,
  given: readonly ClusterLoad[],
  threads: number,
): number[] {
  const sums = new Array<number>(threads).fill(0);
  for (const { slot, hosts } of given) sums[dealt.get(slot)!]! += hosts;
  return sums;
}

describe('dealing clusters to threads', () => {
  it('is even by number of hosts', () => {
    const given = cards(100, 10, 50, 40, 30, 60);
    const [one, other] = loads(assignClusters(given, new Map(), 2), given, 2);
    expect(one! + other!).to.equal(290);
    expect(Math.abs(one! - other!)).to.be.at.most(10);
  });

  it('spreads clusters without hosts too', () => {
    const dealt = assignClusters(cards(0, 0, 0, 0), new Map(), 2);
    expect([...dealt.values()].filter((thread) => thread === 0)).to.have.length(2);
  });

  it('leaves clusters where they are when others come and go', () => {
    const before = assignClusters(cards(10, 10, 10, 10), new Map(), 2);
    const without = cards(10, 10, 10, 10).slice(1).concat({ slot: 9, hosts: 12 });
    const after = assignClusters(without, before, 2);
    for (const slot of [1, 2, 3]) expect(after.get(slot)).to.equal(before.get(slot));
    expect(after.get(9)).to.equal(before.get(0), 'the new one goes where there is room');
  });

  it('moves as few clusters as it takes when threads have grown uneven', () => {
    const owners = new Map([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
    const given = cards(200, 100, 90, 10);
    const after = assignClusters(given, owners, 2);
    expect(loads(after, given, 2)).to.deep.equal([200, 200]);
    expect(after.get(0), 'the largest stays').to.equal(0);
  });

  it('keeps one huge cluster whole', () => {
    const after = assignClusters(cards(5_000), new Map([[0, 1]]), 4);
    expect(after.get(0)).to.equal(1);
  });

  it('deals anew what a thread had that is no more', () => {
    expect(assignClusters(cards(5), new Map([[0, 7]]), 2).get(0)).to.equal(0);
  });
});

describe('while clusters change hands', () => {
  it('the others stay where they are, and new ones wait', () => {
    const before = new Map([
      [0, 0],
      [1, 0],
      [2, 1],
    ]);
    const after = new Map([
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 0],
    ]);
    expect([...unmovedSlots(before, after)!]).to.deep.equal([
      [0, 0],
      [2, 1],
    ]);
  });

  it('nothing has to wait if none does', () => {
    const before = new Map([[0, 0]]);
    const after = new Map([[3, 1]]);
    expect(unmovedSlots(before, after)).to.equal(null);
    expect(unmovedSlots(new Map(), after)).to.equal(null);
  });
});
