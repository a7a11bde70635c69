/** Benchmark: what open pages cost the checks. */
import { get, type IncomingMessage } from 'node:http';
import type { Benchmark } from './support/benchmark.js';
import { checkPath, ownFleet, ownFreno } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { cpuMicros } from './support/processes.js';
import { median } from './support/statistics.js';

const CONNECTIONS = 64;
const STORES = 100;
/** Open pages, and the share of the checks that they may cost. */
const PAGES: ReadonlyArray<readonly [pages: number, demanded: number]> = [
  [20, 0.95],
  [100, 0.9],
];

export const pages: Benchmark = {
  name: 'pages',
  title: 'checks per second beside open pages',
  async run(context) {
    const fleet = await ownFleet(context, 1);
    const [host] = fleet.hosts as [string];
    const names = Array.from({ length: STORES }, (_, index) => `store${index}`);
    const clusters = Object.fromEntries(names.map((name) => [name, [host]]));
    const freno = await ownFreno(context, { clusters });
    await freno.process.waitFor(checkPath('store0'), 200);
    const generator = context.own(new LoadGenerator());
    const rounds = context.quick ? 3 : 7;
    const durationMs = context.quick ? 1_000 : 3_000;
    const load = async (): Promise<{ perSecond: number; p99: number; cpu: number }> => {
      const before = cpuMicros(freno.process.pid);
      const order = { method: 'GET', connections: CONNECTIONS, durationMs } as const;
      const { requests, seconds, p99Micros } = await generator.run({
        ...{ port: freno.port, path: checkPath('store0') },
        ...order,
      });
      const cpu = (cpuMicros(freno.process.pid) - before) / requests;
      return { perSecond: requests / seconds, p99: p99Micros, cpu };
    };
    await load();
    type Loads = Array<Record<'without' | 'beside', Awaited<ReturnType<typeof load>>>>;
    const measured = new Map<number, Loads>(PAGES.map(([count]) => [count, []]));
    for (let round = 0; round < rounds; round++) {
      context.progress(`pages: round ${round + 1} of ${rounds}`);
      for (const [count] of PAGES) {
        const without = await load();
        const open = await openPages(freno.port, count);
        const beside = await load();
        for (const page of open) page.destroy();
        measured.get(count)!.push({ without, beside });
      }
    }
    const rows = PAGES.map(([count]) => {
      const loads = measured.get(count)!;
      const of = (pick: (pair: Loads[number]) => number): number => median(loads.map(pick));
      return {
        pages: count,
        perSecond: of(({ beside }) => beside.perSecond),
        p99: of(({ beside }) => beside.p99),
        p99Without: of(({ without }) => without.p99),
        cpu: of(({ beside }) => beside.cpu),
        ratio: of(({ without, beside }) => beside.perSecond / without.perSecond),
      };
    });
    return [
      {
        title: 'Checks beside open pages',
        columns: [
          { key: 'pages', title: 'open pages' },
          { key: 'perSecond', title: 'checks/s' },
          { key: 'p99', title: 'p99 µs' },
          { key: 'p99Without', title: 'without pages' },
          { key: 'cpu', title: 'CPU µs/check', digits: 2 },
          { key: 'ratio', title: 'ratio', digits: 2 },
        ],
        rows,
        notes: [
          `${STORES} stores; ${CONNECTIONS} connections that check; each page is its stream, ` +
            'read by this process, which shares the machine.',
        ],
        demands: PAGES.map(([count, demanded], index) => ({
          what: `checks/s beside ${count} open pages, to none`,
          demanded: `at least ${demanded}`,
          measured: rows[index]!.ratio,
          digits: 2,
        })),
      },
    ];
  },
};

/** Resolves when each page has got its first topics. */
function openPages(port: number, count: number): Promise<IncomingMessage[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<IncomingMessage>((resolve, reject) => {
          get({ host: '127.0.0.1', port, path: '/web/stream' }, (response) => {
            response.resume();
            response.on('error', () => {});
            response.once('data', () => resolve(response));
          }).once('error', reject);
        }),
    ),
  );
}
