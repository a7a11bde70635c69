/** Benchmark: what clients that wait (`?wait=`) cost those that do not. */
import { connect, type Socket } from 'node:net';
import { until } from '../test/support/until.js';
import type { Benchmark } from './support/benchmark.js';
import { BAD_VALUE, checkPath, ownFleet, ownFreno } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { cpuMicros } from './support/processes.js';
import { median } from './support/statistics.js';

const CONNECTIONS = 64;
const CONNECTS_AT_ONCE = 250;

/** The bound of a node, and of the descriptors that most machines allow a process. */
const WAITERS = 9_000;
const QUICK_WAITERS = 1_000;

export const waiters: Benchmark = {
  name: 'waiters',
  title: 'checks per second while thousands of clients wait',
  async run(context) {
    const fleet = await ownFleet(context, 2);
    const [calm, busy] = fleet.hosts as [string, string];
    await fleet.change([{ server: 1, value: BAD_VALUE }]);
    const freno = await ownFreno(context, {
      clusters: { calm: [calm], busy: [busy] },
      httpWorkers: 2,
    });
    await freno.process.waitFor(checkPath('busy'), 429);
    const generator = context.own(new LoadGenerator());
    const count = context.quick ? QUICK_WAITERS : WAITERS;
    const rounds = context.quick ? 3 : 7;
    const durationMs = context.quick ? 300 : 1_000;
    const load = async (): Promise<{ perSecond: number; p99: number; cpu: number }> => {
      const { pid } = freno.process;
      const before = cpuMicros(pid);
      const order = { method: 'GET', connections: CONNECTIONS, durationMs } as const;
      const path = checkPath('calm');
      const { requests, seconds, p99Micros } = await generator.run({
        ...{ port: freno.port, path },
        ...order,
      });
      const cpu = (cpuMicros(pid) - before) / requests;
      return { perSecond: requests / seconds, p99: p99Micros, cpu };
    };
    await load();
    const pairs: Array<Record<'without' | 'beside', Awaited<ReturnType<typeof load>>>> = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`waiters: round ${round + 1} of ${rounds}`);
      const without = await load();
      const sockets = await waitWith(freno.port, count);
      await until(async () => (await waitingAt(freno.url)) === count, 60_000);
      const beside = await load();
      for (const socket of sockets) socket.destroy();
      await until(async () => (await waitingAt(freno.url)) === 0, 60_000);
      pairs.push({ without, beside });
    }
    const of = (pick: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(pick));
    const ratio = of(({ without, beside }) => beside.perSecond / without.perSecond);
    return [
      {
        title: 'Checks while clients wait',
        columns: [
          { key: 'waiting', title: 'clients that wait' },
          { key: 'perSecond', title: 'checks/s' },
          { key: 'p99', title: 'p99 µs' },
          { key: 'cpu', title: 'CPU µs/check', digits: 2 },
          { key: 'ratio', title: 'ratio', digits: 2 },
        ],
        rows: [
          {
            ...{ waiting: 0, perSecond: of((pair) => pair.without.perSecond), ratio: 1 },
            ...{ p99: of((pair) => pair.without.p99), cpu: of((pair) => pair.without.cpu) },
          },
          {
            ...{ waiting: count, perSecond: of((pair) => pair.beside.perSecond), ratio },
            ...{ p99: of((pair) => pair.beside.p99), cpu: of((pair) => pair.beside.cpu) },
          },
        ],
        notes: [
          `${CONNECTIONS} connections that check another store, two HTTP workers; the clients ` +
            'that wait are of as many apps and addresses.',
        ],
        demands: [
          {
            what: `checks/s beside ${count.toLocaleString('en')} clients that wait, to none`,
            demanded: 'about 1',
            measured: ratio,
            digits: 2,
          },
        ],
      },
    ];
  },
};

/** Each from an address of its own, as a balancer would say. */
async function waitWith(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let first = 0; first < count; first += CONNECTS_AT_ONCE) {
    const started = Array.from({ length: Math.min(CONNECTS_AT_ONCE, count - first) }, (_, at) => {
      const number = first + at;
      return new Promise<Socket>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(
            `GET ${checkPath('busy', `app${number}`)}?wait=60 HTTP/1.1\r\nHost: freno\r\n` +
              `X-Forwarded-For: 10.${number >> 16}.${(number >> 8) & 255}.${number & 255}\r\n\r\n`,
          );
          resolve(socket);
        });
        socket.once('error', reject);
      });
    });
    sockets.push(...(await Promise.all(started)));
  }
  return sockets;
}

async function waitingAt(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = [...text.matchAll(/^freno_waiting_checks\{[^}]*\} (\d+)$/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
