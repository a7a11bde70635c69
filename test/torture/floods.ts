/**
 * `node dist/test/torture/floods.js [SECONDS]`: clients that do their worst on one real node of
 * each engine, and how long a well-behaved one waits meanwhile. Exits with 1 when the node has
 * ended, lost the lead, or refused a command.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { until } from '../support/until.js';
import { get } from './http.js';

const CHECK = `GET /check/flood/mysql/${STORE} HTTP/1.1\r\nHost: x\r\n\r\n`;
const TIMEOUT_MS = 15_000;
const READ = 'GET /debug/vars HTTP/1.1\r\nHost: x\r\n\r\n';
const LIST = 'GET /throttled-apps HTTP/1.1\r\nHost: x\r\n\r\n';

interface Flood {
  readonly name: string;
  readonly clients: number;
  /** What each client sends; again on a new connection when that one has closed. */
  readonly requests: string;
}

const FLOODS: readonly Flood[] = [
  { name: 'no flood', clients: 0, requests: '' },
  { name: '1 client of 8,192 pipelined checks', clients: 1, requests: CHECK.repeat(8_192) },
  { name: '64 clients of 8,192 pipelined checks', clients: 64, requests: CHECK.repeat(8_192) },
  { name: '1,500 clients of /debug/vars', clients: 1_500, requests: READ },
  { name: '100 clients of /throttled-apps', clients: 100, requests: LIST },
];

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 20);
  if (!(seconds > 0)) throw new Error(`SECONDS must be a positive number, not ${process.argv[2]}`);
  for (const HttpEngine of ['uws', 'node']) {
    const directory = new TemporaryDirectory();
    const fleet = await Fleet.start([{ value: VALUE }]);
    const [place] = await createNodes(1, directory.path, { HttpEngine });
    const Stores = storesOf(fleet.addresses.map(({ host, port }) => `${host}:${port}`));
    const node = new FrenoNode({ Stores, ...place!.configuration }, directory.path);
    node.start();
    try {
      await until(async () => (await node.process.status('/leader-check')) === 200);
      for (const flood of FLOODS) await judge(node, HttpEngine, flood, seconds * 1_000);
    } finally {
      await node.stop();
      await fleet.stop();
      directory.remove();
    }
  }
}

async function judge(node: FrenoNode, engine: string, flood: Flood, ms: number): Promise<void> {
  const floods = Array.from({ length: flood.clients }, () => send(node.port, flood.requests));
  const [checksMs, commandsMs]: [number[], number[]] = [[], []];
  const untilMs = performance.now() + ms;
  let refused = 0;
  while (performance.now() < untilMs) {
    const check = await get(node.port, `/check/a/mysql/${STORE}`, TIMEOUT_MS);
    checksMs.push(check.answeredAtMs - check.sentAtMs);
    const command = await get(node.port, `/throttle-app/a${commandsMs.length}/ttl/5`, TIMEOUT_MS);
    commandsMs.push(command.answeredAtMs - command.sentAtMs);
    if (check.status !== 200 || command.status !== 200) refused++;
    await delay(20);
  }
  for (const end of floods) end();
  const leads = node.running && (await node.process.status('/leader-check')) === 200;
  const [checks, commands] = [checksMs, commandsMs].map(summary);
  console.log(`${engine}, ${flood.name}: checks ${checks}; commands ${commands}`);
  if (leads && refused === 0) return;
  console.error(`VIOLATION: leads: ${leads}; ${refused} checks or commands not 200`);
  process.exitCode = 1;
}

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`;
}

/** Until it is ended; answers are read and dropped, and then it asks again. */
function send(port: number, requests: string): () => void {
  let isOver = false;
  let socket: Socket | undefined;
  const open = (): void => {
    if (isOver) return;
    const opened = connect({ port, host: '127.0.0.1' }, () => opened.write(requests));
    socket = opened;
    opened.on('data', (chunk) => {
      if (requests.length < 1_000 && chunk.subarray(-2).toString() === '}\n')
        opened.write(requests);
    });
    opened.on('error', () => {});
    opened.on('close', () => setTimeout(open, 10));
  };
  open();
  return () => {
    isOver = true;
    socket?.destroy();
  };
}

await main();
