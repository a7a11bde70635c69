/** The time of the cluster, of which a leader hears from its followers. */
import { expect } from 'chai';
import type { SoftState } from '../../../../src/consensus/raft/core/types.js';
import { ClusterClock } from '../../../../src/consensus/raft/driver/cluster-clock.js';

const T = 1_800_000_000_000;
const DAY = 86_400_000;

describe('cluster clock', () => {
  /** Of this node: monotonic, and how far its wall clock is from the true time. */
  let nowMs: number;
  let wrongByMs: number;

  beforeEach(() => {
    nowMs = 5_000;
    wrongByMs = 0;
  });

  function clockOf(nodes: number): ClusterClock {
    return new ClusterClock(nodes, { nowMs: () => nowMs, unixMs: () => T + nowMs + wrongByMs });
  }

  function judgedUnixMs(clock: ClusterClock): number {
    return Math.round(nowMs + clock.earliestOffsetMs()!);
  }

  /** Peers whose clocks are wrong by so much. */
  function hear(clock: ClusterClock, errorsMs: readonly number[]): void {
    errorsMs.forEach((errorMs, at) => {
      clock.heard(`peer:${at}`, T + nowMs + errorMs);
    });
  }

  it('follows the own clock of a single node', () => {
    wrongByMs = 7;
    expect(clockOf(1).latestUnixMs()).to.equal(T + nowMs + 7);
  });

  it('reports no time before a majority of the clocks is known', () => {
    const clock = clockOf(5);
    expect(clock.latestUnixMs()).to.equal(null);
    hear(clock, [0]);
    expect(clock.latestUnixMs()).to.equal(null);
    hear(clock, [0, 0]);
    expect(clock.latestUnixMs()).to.equal(T + nowMs);
  });

  for (const [whose, own, peers] of [
    ['its own', DAY, [0, 3]],
    ['its own', -DAY, [0, 3]],
    ['a peer’s', 0, [DAY, 3]],
    ['a peer’s', 0, [-DAY, 3]],
  ] as const) {
    it(`ignores one wrong clock of three: ${whose}, by ${own || peers[0]} ms`, () => {
      wrongByMs = own;
      const clock = clockOf(3);
      hear(clock, peers);
      expect(clock.latestUnixMs()).to.be.within(T + nowMs, T + nowMs + 3);
      expect(judgedUnixMs(clock)).to.equal(clock.latestUnixMs());
    });
  }

  for (const [own, peer] of [
    [DAY, 0],
    [-DAY, 0],
    [0, DAY],
    [0, -DAY],
  ] as const) {
    it(`ends nothing early with one of three silent and one ${own || peer} ms wrong`, () => {
      wrongByMs = own;
      const clock = clockOf(3);
      hear(clock, [peer]);
      expect(judgedUnixMs(clock)).to.be.at.most(T + nowMs);
      expect(clock.latestUnixMs()).to.be.at.least(T + nowMs);
    });
  }

  it('ignores two wrong clocks of five', () => {
    wrongByMs = 3 * DAY;
    const clock = clockOf(5);
    hear(clock, [2 * DAY, 1, 2, 3]);
    expect(clock.latestUnixMs()).to.be.within(T + nowMs + 1, T + nowMs + 3);
  });

  it('keeps running while this node’s own clock is set', () => {
    const clock = clockOf(3);
    hear(clock, [0, 0]);
    wrongByMs = DAY;
    nowMs += 40;
    expect(clock.latestUnixMs()).to.equal(T + nowMs);
  });

  it('follows a majority of the clocks when they are set', () => {
    const clock = clockOf(3);
    hear(clock, [-DAY, -DAY]);
    expect(clock.latestUnixMs()).to.equal(T + nowMs - DAY);
    hear(clock, [0, 0]);
    expect(clock.latestUnixMs()).to.equal(T + nowMs);
  });

  it('assumes the own time for a peer that reports none', () => {
    const clock = clockOf(3);
    clock.heard('peer:0', 0);
    expect(clock.latestUnixMs()).to.equal(T + nowMs);
  });

  it('states the time that a majority has reached to followers, once a second', () => {
    wrongByMs = DAY;
    const clock = clockOf(3);
    expect(clock.statedUnixMs(1), 'before it knows a majority').to.equal(0);
    hear(clock, [0]);
    expect(clock.statedUnixMs(2), 'with one silent').to.equal(T + nowMs);
    expect(clock.statedUnixMs(2), 'to the other follower').to.equal(T + nowMs);
    nowMs += 900;
    expect(clock.statedUnixMs(3)).to.equal(0);
    nowMs += 100;
    expect(clock.statedUnixMs(4)).to.equal(T + nowMs);
    clock.forget();
    hear(clock, [0.5, 0.5]);
    expect(clock.statedUnixMs(5), 'as the next leader, rounded down').to.equal(T + nowMs);
  });

  it('gives a follower the time of its present leader, too early by the delay', () => {
    const clock = clockOf(3);
    const route = { from: 'a:1', to: 'b:2', round: 1, commit: 0, kind: 'heartbeat' } as const;
    const heartbeat = { ...route, term: 5, majorityUnixMs: T + nowMs };
    const soft: SoftState = {
      role: 'follower',
      term: 5,
      leader: 'a:1',
      leaseRound: 0,
      leaseLockoutMs: 0,
      transferTo: null,
      loss: null,
    };
    expect(clock.received(heartbeat, soft)).to.equal(T);
    nowMs += 70;
    expect(clock.received(heartbeat, soft), '70 ms later').to.equal(T - 70);
    expect(clock.received({ ...heartbeat, majorityUnixMs: 0 }, soft), 'not stated').to.equal(null);
    expect(clock.received(heartbeat, { ...soft, term: 6 }), 'of an earlier term').to.equal(null);
    expect(clock.received(heartbeat, { ...soft, leader: null })).to.equal(null);
  });

  it('states no time before 1970', () => {
    const clock = clockOf(3);
    hear(clock, [-2 * T, -2 * T]);
    expect(clock.statedUnixMs(1)).to.equal(0);
  });

  it('reports no time after the clocks were reset', () => {
    const clock = clockOf(3);
    hear(clock, [0, 0]);
    clock.forget();
    expect(clock.latestUnixMs()).to.equal(null);
  });
});
