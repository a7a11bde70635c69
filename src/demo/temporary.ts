/**
 * What a demo or benchmark borrows from the machine: a directory that goes with the process, and
 * free ports.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory of the process's own; removed with all that is in it by `remove`, at the latest when
 * the process exits.
 */
export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'freno-'));
  readonly #atExit = (): void => this.remove();

  constructor() {
    process.once('exit', this.#atExit);
  }

  remove(): void {
    process.off('exit', this.#atExit);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Below those that systems choose by themselves (on Linux from 32,768 on, ip(7)): a port that is
 * free for a moment, as while a node is started again, is not taken by whoever connects or listens
 * meanwhile.
 */
const FIRST_PORT = 10_000;
const PORTS = 22_000;

/** Processes begin at places of their own. */
let lastOffset = Math.floor(Math.random() * PORTS);

/**
 * Ports of 127.0.0.1 that nobody listens on at this moment; nobody who asks here gets one of them
 * while this process lives.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === PORTS) throw new Error(`there are no ${count} free ports`);
    lastOffset = (lastOffset + 1) % PORTS;
    const port = FIRST_PORT + lastOffset;
    if ((await hold(port)) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

/**
 * Whether this process holds the port now: by the port of UDP with the same number, which the
 * system frees with the process.
 */
function hold(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const holder = createSocket('udp4');
    holder.once('error', () => {
      holder.close();
      resolve(false);
    });
    holder.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      holder.unref();
      resolve(true);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
