/**
 * A helper process of our own code, and how its owner calls it: functions by name over the IPC
 * channel. The process ends when its owner does, however that happens.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { messageOf } from '../base/errors.js';

/** The functions that a helper process offers. */
type Protocol<P> = { readonly [K in keyof P]: (...args: never[]) => unknown };

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type CallReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string };

interface PendingReply {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const CALL_TIMEOUT_MS = 15_000;

/** The owner's side. */
export class Subprocess<P extends Protocol<P>> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PendingReply>();
  #lastId = 0;

  /** `entry`: path of the compiled module that calls `serve`; `name` appears in errors. */
  constructor(
    entry: string,
    private readonly name: string,
  ) {
    this.#process = fork(entry, [], { serialization: 'advanced' });
    this.#process.on('message', (reply: CallReply) => this.#replied(reply));
    this.#process.on('error', (error) => this.#failAll(error));
    this.#process.on('exit', () => this.#failAll(new Error(`${name} has ended`)));
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /**
   * Calls a function of the process; rejects when it throws, ends, or is not done within
   * `timeoutMs`.
   */
  async call<K extends keyof P & string>(
    name: K,
    args: Parameters<P[K]>,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<ReturnType<P[K]>> {
    const id = ++this.#lastId;
    const result = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.name}: '${name}' was not done in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      const call: Call = { id, name, args };
      this.#process.send(call, (error) => {
        if (error !== null) this.#failAll(error);
      });
    });
    return result as ReturnType<P[K]>;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exited;
  }

  #replied(reply: CallReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    clearTimeout(waiting.timer);
    if ('failure' in reply) waiting.reject(new Error(`${this.name}: ${reply.failure}`));
    else waiting.resolve(reply.result);
  }

  #failAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

type Handlers<P extends Protocol<P>> = {
  readonly [K in keyof P]: (
    ...args: Parameters<P[K]>
  ) => ReturnType<P[K]> | Promise<ReturnType<P[K]>>;
};

/** The process's side: answers the owner's calls until the owner is gone. */
export function serve<P extends Protocol<P>>(handlers: Handlers<P>): void {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches every process of the terminal; the owner decides when this one ends.
  process.on('SIGINT', () => undefined);
  process.on('message', async (call: Call) => {
    process.send?.(await replyTo(handlers, call));
  });
}

async function replyTo<P extends Protocol<P>>(
  handlers: Handlers<P>,
  call: Call,
): Promise<CallReply> {
  try {
    const handler = handlers[call.name as keyof P] as (...args: unknown[]) => unknown;
    return { id: call.id, result: await handler(...call.args) };
  } catch (thrown) {
    return { id: call.id, failure: messageOf(thrown) };
  }
}
