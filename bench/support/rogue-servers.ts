/** Servers that send too much, or what is no MySQL: in a process of their own. */
import { fileURLToPath } from 'node:url';
import type { FleetAddress } from '../../src/demo/fleet.js';
import { Subprocess } from '../../src/demo/subprocess.js';

export interface RogueProtocol {
  /** Resolves when so many listen, of each kind as many. */
  start(count: number): FleetAddress[];
  /** Connections accepted since the start, by the kind of their server. */
  accepted(): Readonly<Record<string, number>>;
}

const ENTRY = fileURLToPath(new URL('./rogue-servers-process.js', import.meta.url));

export class RogueServers {
  readonly #process = new Subprocess<RogueProtocol>(ENTRY, 'the rogue servers');

  /** Resolves with their addresses, each as `host:port`. */
  async start(count: number): Promise<string[]> {
    const addresses = await this.#process.call('start', [count]);
    return addresses.map(({ host, port }) => `${host}:${port}`);
  }

  accepted(): Promise<Readonly<Record<string, number>>> {
    return this.#process.call('accepted', []);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
