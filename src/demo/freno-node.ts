/**
 * A freno node with its ports, data directory and configuration, which can be started and stopped
 * any number of times.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FrenoConfiguration, FrenoProcess, type ProcessFlags } from './freno-process.js';
import { freePorts } from './temporary.js';

export class FrenoNode {
  #process: FrenoProcess | undefined;

  constructor(
    readonly configuration: FrenoConfiguration,
    private readonly directory: string,
    private readonly flags: ProcessFlags = {},
  ) {}

  get port(): number {
    return this.configuration.ListenPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The process of the latest start. */
  get process(): FrenoProcess {
    if (this.#process === undefined) throw new Error(`the node on port ${this.port} never started`);
    return this.#process;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  /** Returns at once: see `FrenoProcess.waitFor`. `flags`: other ones than usual. */
  start(flags: ProcessFlags = this.flags): FrenoProcess {
    if (this.running) throw new Error(`the node on port ${this.port} is already running`);
    this.#process = new FrenoProcess(this.configuration, this.directory, flags);
    return this.#process;
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}

/**
 * Creates the nodes of one Raft cluster, with directories of their own below `directory`, without
 * starting them. `configuration` is common to all. `given`: the ports of HTTP, then those of Raft;
 * free ones unless given.
 */
export async function createNodes(
  count: number,
  directory: string,
  configuration: Readonly<Record<string, unknown>>,
  given?: readonly number[],
): Promise<FrenoNode[]> {
  const ports = given ?? (await freePorts(2 * count));
  const addresses = ports.slice(count).map((port) => `127.0.0.1:${port}`);
  return ports.slice(0, count).map((port, index) => {
    const raftDirectory = join(directory, `raft-${port}`);
    mkdirSync(raftDirectory);
    const own = {
      ListenPort: port,
      RaftDataDir: raftDirectory,
      RaftBind: addresses[index],
      RaftNodes: count === 1 ? [] : addresses,
    };
    return new FrenoNode({ ...configuration, ...own }, directory);
  });
}
