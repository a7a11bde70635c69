/**
 * Temporary resources of the demo, tests and benchmarks: a directory that is removed with the
 * process, and free ports.
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
 * Below the ephemeral ports (on Linux from 32,768 on, ip(7)). Otherwise a port that is free for a
 * moment, for example while a node restarts, could be taken by any outgoing connection.
 */
const FIRST_PORT = 10_000;
const PORTS = 22_000;

/** Random, so that processes that run at the same time try different ports. */
let lastOffset = Math.floor(Math.random() * PORTS);

/**
 * Ports of 127.0.0.1 without a listener at this moment. No other call, in any process, gets one of
 * them while this process lives.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === PORTS) throw new Error(`fewer than ${count} ports are free`);
    lastOffset = (lastOffset + 1) % PORTS;
    const port = FIRST_PORT + lastOffset;
    if ((await reserve(port)) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

/**
 * As many ports of 127.0.0.1 as `preferred` has: each of these where it has no listener, else a
 * free one in its place.
 */
export async function portsFrom(preferred: readonly number[]): Promise<number[]> {
  const ports: number[] = [];
  for (const port of preferred) {
    const isOurs = (await reserve(port)) && (await isFree(port));
    ports.push(isOurs ? port : (await freePorts(1))[0]!);
  }
  return ports;
}

/**
 * Reserves the port: binds the UDP port of the same number, which the system frees when the process
 * ends. Resolves with whether that worked.
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
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
