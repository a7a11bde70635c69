/** What a demo or benchmark borrows from the machine: a directory that goes with the process, and free ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of the process's own; removed with all that is in it by `remove`, at the latest when the process exits. */
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

/** Ports of 127.0.0.1 that nobody listens on at this moment, each another. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
