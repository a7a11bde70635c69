/** Benchmark: a failover as a client behind the real HAProxy sees it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../src/demo/freno-node.js';
import { isInstalled } from '../test/support/needs.js';
import { PacedClient } from '../test/support/paced-client.js';
import { startShippedHAProxy } from '../test/support/shipped-haproxy.js';
import type { Benchmark } from './support/benchmark.js';
import { leaderOf } from './support/cluster.js';
import { endLeaders, NODES, ownThreeNodes } from './support/ended-leaders.js';
import { checkPath } from './support/freno.js';
import { median, percentile } from './support/statistics.js';

const PER_SECOND = 200;
/** What is watched before the signal and after the client is answered again. */
const AROUND_MS = 300;

interface Gap {
  /** The longest time between two answers 200. */
  readonly longestMs: number;
  /** Answers that were not 200. */
  readonly others: number;
}

export const haproxy: Benchmark = {
  name: 'haproxy',
  title: 'kill -9 and SIGTERM of the leader as a client behind HAProxy sees them',
  async run(context) {
    if (!isInstalled('haproxy')) {
      context.progress('SKIPPED: haproxy: HAProxy is not installed (Debian: haproxy)');
      return [];
    }
    const trials = context.quick ? 2 : 6;
    const nodes = await ownThreeNodes(context);
    const { port } = context.own(await startShippedHAProxy(nodes));
    const ended = await endLeaders(context, 'haproxy', trials, nodes, (...ending) =>
      gapAt(port, ...ending),
    );
    const rows = ended.map(({ signal, seen }) => {
      const longestMs = seen.map((gap) => gap.longestMs);
      return {
        signal,
        p50: median(longestMs),
        p90: percentile(longestMs, 90),
        max: Math.max(...longestMs),
        others: median(seen.map(({ others }) => others)),
      };
    });
    return [
      {
        title: 'Failover behind HAProxy',
        columns: [
          { key: 'signal', title: 'signal to the leader' },
          { key: 'p50', title: 'longest time without 200: p50 ms' },
          { key: 'p90', title: 'p90 ms' },
          { key: 'max', title: 'max ms' },
          { key: 'others', title: 'answers not 200, p50' },
        ],
        rows,
        notes: [
          `${trials} times each: a client sends ${PER_SECOND} checks a second, whatever ` +
            `the answers, through HAProxy with resources/haproxy.cfg in front of ${NODES} ` +
            `nodes. Between two answers there are ${1000 / PER_SECOND} ms without any gap.`,
        ],
      },
    ];
  },
};

/** Ends the leader while a client sends checks. */
async function gapAt(
  port: number,
  leader: FrenoNode,
  signal: NodeJS.Signals,
  others: readonly FrenoNode[],
): Promise<Gap> {
  const client = new PacedClient(port, checkPath('c0'), PER_SECOND);
  const answeredAgain = () => client.next('200', ({ status }) => status === 200);
  try {
    await answeredAgain();
    const fromMs = performance.now();
    await delay(AROUND_MS);
    leader.process.signal(signal);
    await leader.process.exited;
    await leaderOf(others);
    await answeredAgain();
    await delay(AROUND_MS);
    return gapSince(client, fromMs);
  } finally {
    await client.end();
  }
}

function gapSince({ answers }: PacedClient, fromMs: number): Gap {
  const seen = answers.filter(({ answeredAtMs }) => answeredAtMs >= fromMs);
  const good = seen.filter(({ status }) => status === 200);
  const betweenMs = good
    .slice(1)
    .map(({ answeredAtMs }, index) => answeredAtMs - good[index]!.answeredAtMs);
  return { longestMs: Math.max(...betweenMs), others: seen.length - good.length };
}
