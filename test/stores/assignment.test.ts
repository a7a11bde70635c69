/** Which probe thread gets which cluster. */
import { expect } from 'chai';
import { assignClusters, unmovedClusters } from '../../src/stores/main/assignment.js';
import type { ClusterLoad } from '../../src/stores/main/thread-loads.js';

/** Clusters `0`, `1`, … with that many probes each. */
function clustersOf(...probes: number[]): ClusterLoad[] {
  return probes.map((count, index) => ({ name: String(index), probes: count }));
}

function loads(
  assigned: ReadonlyMap<string, number>,
  clusters: readonly ClusterLoad[],
  threads: number,
): number[] {
  const sums = new Array<number>(threads).fill(0);
  for (const { name, probes } of clusters) sums[assigned.get(name)!]! += probes;
  return sums;
}

describe('the assignment of clusters to threads', () => {
  it('balances threads by number of probes', () => {
    const clusters = clustersOf(100, 10, 50, 40, 30, 60);
    const [one, other] = loads(assignClusters(clusters, new Map(), 2), clusters, 2);
    expect(one! + other!).to.equal(290);
    expect(Math.abs(one! - other!)).to.be.at.most(10);
  });

  it('spreads clusters without hosts too', () => {
    const assigned = assignClusters(clustersOf(0, 0, 0, 0), new Map(), 2);
    expect([...assigned.values()].filter((thread) => thread === 0)).to.have.length(2);
  });

  it('keeps clusters on their threads when others are added and removed', () => {
    const before = assignClusters(clustersOf(10, 10, 10, 10), new Map(), 2);
    const without = clustersOf(10, 10, 10, 10).slice(1).concat({ name: '9', probes: 12 });
    const after = assignClusters(without, before, 2);
    for (const name of ['1', '2', '3']) expect(after.get(name)).to.equal(before.get(name));
    expect(after.get('9')).to.equal(
      before.get('0'),
      'the new cluster is on the least loaded thread',
    );
  });

  it('moves as few clusters as possible when the loads have become uneven', () => {
    const owners = new Map([
      ['0', 0],
      ['1', 0],
      ['2', 0],
      ['3', 1],
    ]);
    const clusters = clustersOf(200, 100, 90, 10);
    const after = assignClusters(clusters, owners, 2);
    expect(loads(after, clusters, 2)).to.deep.equal([200, 200]);
    expect(after.get('0'), 'the largest stays').to.equal(0);
  });

  it('does not split one huge cluster', () => {
    const after = assignClusters(clustersOf(5_000), new Map([['0', 1]]), 4);
    expect(after.get('0')).to.equal(1);
  });

  it('reassigns the clusters of a thread that no longer exists', () => {
    expect(assignClusters(clustersOf(5), new Map([['0', 7]]), 2).get('0')).to.equal(0);
  });
});

describe('the assignment of clusters that ask hosts the same', () => {
  /** Clusters whose hosts are those numbers, each with one probe. */
  function listing(...lists: ReadonlyArray<readonly number[]>): ClusterLoad[] {
    return lists.map((hosts, index) => ({
      name: String(index),
      probes: hosts.length,
      shareable: hosts.map((host) => `db${host}`),
    }));
  }

  function range(from: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => from + index);
  }

  function clustersPerThread(assigned: ReadonlyMap<string, number>, threads: number): number[] {
    return range(0, threads).map(
      (thread) => [...assigned.values()].filter((owner) => owner === thread).length,
    );
  }

  it('gathers them on one thread', () => {
    const clusters = listing([1, 2], [3, 4], [2, 1], [4, 3], [1], [3]);
    const assigned = assignClusters(clusters, new Map(), 2);
    const threads = clusters.map(({ name }) => assigned.get(name)!);
    expect(threads).to.deep.equal([0, 1, 0, 1, 0, 1]);
  });

  it('gathers large ones too, up to about twice the load of others', () => {
    const pair = listing(range(0, 1000), range(0, 1000));
    expect(clustersPerThread(assignClusters(pair, new Map(), 2), 2)).to.deep.equal([2, 0]);
    const many = listing(...range(0, 40).map(() => range(0, 1000)));
    expect(clustersPerThread(assignClusters(many, new Map(), 4), 4)).to.deep.equal([
      10, 10, 10, 10,
    ]);
  });

  it('spreads the clusters of one host that all of them list', () => {
    const alone = listing(...range(0, 2000).map(() => [0]));
    const few = listing(...range(0, 2000).map((index) => [0, ...range(1 + 10 * index, 10)]));
    for (const clusters of [alone, few]) {
      const counts = clustersPerThread(assignClusters(clusters, new Map(), 4), 4);
      expect(Math.max(...counts) - Math.min(...counts), counts.join()).to.be.at.most(50);
    }
  });

  it('places a new one with those it shares with, and moves none for that', () => {
    const clusters = listing([1], [2], [2], [1]);
    const owners = new Map([
      ['0', 1],
      ['1', 0],
      ['2', 1],
    ]);
    const assigned = assignClusters(clusters, owners, 2);
    expect([...assigned]).to.deep.equal([...owners, ['3', 1]]);
  });

  it('is the same again when nothing has changed', () => {
    const lists = range(0, 60).map((index) => range(0, 1 + ((index * 37) % 120)));
    const clusters = listing(...lists);
    for (const threads of [1, 2, 3, 8]) {
      const before = assignClusters(clusters, new Map(), threads);
      expect([...assignClusters(clusters, before, threads)]).to.deep.equal(
        [...before].sort(byName),
      );
    }
    function byName([left]: [string, number], [right]: [string, number]): number {
      return Number(left) - Number(right);
    }
  });
});

describe('the intermediate assignment while clusters move', () => {
  it('contains the clusters that stay, without new ones', () => {
    const before = new Map([
      ['0', 0],
      ['1', 0],
      ['2', 1],
    ]);
    const after = new Map([
      ['0', 0],
      ['1', 1],
      ['2', 1],
      ['3', 0],
    ]);
    expect([...unmovedClusters(before, after)!]).to.deep.equal([
      ['0', 0],
      ['2', 1],
    ]);
  });

  it('is not needed when no cluster moves', () => {
    const before = new Map([['0', 0]]);
    const after = new Map([['3', 1]]);
    expect(unmovedClusters(before, after)).to.equal(null);
    expect(unmovedClusters(new Map(), after)).to.equal(null);
  });
});
