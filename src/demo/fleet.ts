/** A fleet of simulated MySQL servers in a process of its own, as its owner steers it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  FleetAddress,
  FleetStatistics,
  FromFleet,
  ServerChange,
  ToFleet,
} from './fleet-messages.js';
import type { SimulatedServerOptions } from './simulated-mysql.js';

export type { FleetAddress, FleetStatistics, ServerChange } from './fleet-messages.js';

const ENTRY = fileURLToPath(new URL('./fleet-process.js', import.meta.url));
const REPLY_TIMEOUT_MS = 10_000;

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Waiting {
  readonly resolve: (message: FromFleet) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Fleet {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #addresses: readonly FleetAddress[] = [];
  #lastId = 0;

  /** Resolves when all servers listen. */
  static async start(servers: readonly SimulatedServerOptions[]): Promise<Fleet> {
    const fleet = new Fleet();
    try {
      fleet.#addresses = (await fleet.#ask({ kind: 'start', servers }, 'started')).addresses;
    } catch (thrown) {
      await fleet.stop();
      throw thrown;
    }
    return fleet;
  }

  private constructor() {
    this.#process = fork(ENTRY, [], { serialization: 'advanced' });
    this.#process.on('message', (message: FromFleet) => this.#replied(message));
    this.#process.on('error', (error) => this.#failAll(error));
    this.#process.on('exit', () => this.#failAll(new Error('the simulated servers have ended')));
  }

  /** In the order in which the servers were given. */
  get addresses(): readonly FleetAddress[] {
    return this.#addresses;
  }

  /** Each as `host:port`. */
  get hosts(): string[] {
    return this.#addresses.map(({ host, port }) => `${host}:${port}`);
  }

  /** Resolves with `monotonicMs()` of the moment in which all the changes were in force. */
  async change(changes: readonly ServerChange[]): Promise<number> {
    return (await this.#ask({ kind: 'change', changes }, 'changed')).atMs;
  }

  async statistics(): Promise<FleetStatistics> {
    return (await this.#ask({ kind: 'statistics' }, 'statistics')).statistics;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exited;
  }

  async #ask<Kind extends FromFleet['kind']>(
    message: Unnumbered<ToFleet>,
    expected: Kind,
  ): Promise<Extract<FromFleet, { kind: Kind }>> {
    const reply = await this.#send({ ...message, id: ++this.#lastId });
    if (reply.kind === 'failed') throw new Error(reply.message);
    if (!isKind(reply, expected)) throw new Error(`unexpected reply '${reply.kind}'`);
    return reply;
  }

  #send(message: ToFleet): Promise<FromFleet> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(message.id);
        reject(new Error(`the simulated servers did not answer in ${REPLY_TIMEOUT_MS} ms`));
      }, REPLY_TIMEOUT_MS);
      this.#waiting.set(message.id, { resolve, reject, timer });
      this.#process.send(message, (error) => {
        if (error !== null) this.#failAll(error);
      });
    });
  }

  #replied(message: FromFleet): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    waiting.resolve(message);
  }

  #failAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function isKind<Kind extends FromFleet['kind']>(
  message: FromFleet,
  kind: Kind,
): message is Extract<FromFleet, { kind: Kind }> {
  return message.kind === kind;
}
