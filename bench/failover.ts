/**
 * Benchmark: from the end of the leader to the next one, and to the first check with a fresh value.
 */
import { monotonicMs } from '../src/base/clock.js';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark } from './support/benchmark.js';
import { endLeaders, ownThreeNodes } from './support/ended-leaders.js';
import { checkPath } from './support/freno.js';
import { ASK_INTERVAL_MS, Poller } from './support/poller.js';
import type { Demand } from './support/report.js';
import { median, percentile } from './support/statistics.js';

const TIMEOUT_MS = 20_000;

/** Milliseconds from the signal to the first 200 of any other node. */
export interface FailoverKind {
  readonly leaderMs: number;
  readonly checkMs: number;
}

export const failover: Benchmark = {
  name: 'failover',
  title: 'kill -9 and SIGTERM of the leader to the next leader and the first check answered 200',
  async run(context) {
    const trials = context.quick ? 2 : 20;
    const nodes = await ownThreeNodes(context);
    const ended = await endLeaders(context, 'failover', trials, nodes, handover);
    const rows = ended.map(({ signal, seen }) => {
      const leaderMs = seen.map((each) => each.leaderMs);
      const checkMs = seen.map((each) => each.checkMs);
      return {
        signal,
        leaderP50: median(leaderMs),
        leaderMax: Math.max(...leaderMs),
        checkP50: median(checkMs),
        checkP90: percentile(checkMs, 90),
        checkMax: Math.max(...checkMs),
      };
    });
    return [
      {
        title: 'Failover of three nodes',
        columns: [
          { key: 'signal', title: 'signal to the leader' },
          { key: 'leaderP50', title: '/leader-check 200: p50 ms' },
          { key: 'leaderMax', title: 'max ms' },
          { key: 'checkP50', title: 'first /check 200: p50 ms' },
          { key: 'checkP90', title: 'p90 ms' },
          { key: 'checkMax', title: 'max ms' },
        ],
        rows,
        demands: demandsOf(rows[0]!, rows[1]!),
        notes: [
          `${trials} times each, from the signal to the first such answer of another node, ` +
            `asked every ${ASK_INTERVAL_MS} ms; the node that ended is started again in ` +
            'between.',
        ],
      },
    ];
  },
};

interface CheckTimes {
  readonly checkP50: number;
  readonly checkMax: number;
}

function demandsOf(killed: CheckTimes, terminated: CheckTimes): Demand[] {
  return [
    {
      what: 'kill -9 of the leader to the first check answered 200, p50 ms',
      demanded: 'below 800',
      measured: killed.checkP50,
    },
    { what: 'the same, max ms', demanded: 'below 1,500', measured: killed.checkMax },
    {
      what: 'SIGTERM of the leader to the first check answered 200, p50 ms',
      demanded: 'below 300',
      measured: terminated.checkP50,
    },
    { what: 'the same, max ms', demanded: 'below 300', measured: terminated.checkMax },
  ];
}

/** Ends the leader and waits for the next one. */
export async function handover(
  leader: FrenoNode,
  signal: NodeJS.Signals,
  others: readonly FrenoNode[],
): Promise<FailoverKind> {
  const pollers = await Promise.all(
    others.flatMap(({ port }) => [
      Poller.connect(port, '/leader-check'),
      Poller.connect(port, checkPath('c0')),
    ]),
  );
  try {
    const first = (kind: 0 | 1): Promise<number> =>
      Promise.any(
        pollers
          .filter((_, index) => index % 2 === kind)
          .map((poller) => poller.firstAnswer(200, TIMEOUT_MS)),
      );
    const signalledMs = monotonicMs();
    leader.process.signal(signal);
    const [leaderMs, checkMs] = await Promise.all([first(0), first(1)]);
    return { leaderMs: leaderMs - signalledMs, checkMs: checkMs - signalledMs };
  } finally {
    for (const poller of pollers) poller.close();
  }
}
