/**
 * A helper process of freno's own code, whose functions its owner calls by name over the IPC
 * channel. The process ends when its owner does, however that happens.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { messageOf } from '../base/errors.js';
import { PendingCalls } from '../base/pending-calls.js';

/** The functions that a helper process offers. */
type Protocol<P> = { readonly [K in keyof P]: (...args: never[]) => unknown };

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type CallResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string };

type CallOutcome = { readonly result: unknown } | { readonly error: Error };

const CALL_TIMEOUT_MS = 15_000;
const CALLS_MAX = 1_024;

/** The owner's side. */
export class Subprocess<P extends Protocol<P>> {
  readonly #process: ChildProcess;
  readonly #calls = new PendingCalls<CallOutcome>(CALLS_MAX);

  /** `entry`: path of the compiled module that calls `serve`; `name` appears in errors. */
  constructor(
    entry: string,
    private readonly name: string,
  ) {
    this.#process = fork(entry, [], { serialization: 'advanced' });
    this.#process.on('message', (response: CallResponse) => {
      this.#calls.settle(response.id, this.#outcome(response));
    });
    this.#process.on('error', (error) => this.#calls.abandonAll({ error }));
    this.#process.on('exit', () => {
      this.#calls.abandonAll({ error: new Error(`${name} has ended`) });
    });
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
    const outcome = await this.#calls.call(timeoutMs, (id) => {
      const call: Call = { id, name, args };
      this.#process.send(call, (error) => {
        if (error !== null) this.#calls.abandonAll({ error });
      });
    });
    if (outcome === null) {
      throw new Error(`${this.name}: '${name}' was not done in ${timeoutMs} ms`);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.result as ReturnType<P[K]>;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exited;
  }

  #outcome(response: CallResponse): CallOutcome {
    if ('result' in response) return response;
    return { error: new Error(`${this.name}: ${response.failure}`) };
  }
}

type Handlers<P extends Protocol<P>> = {
  readonly [K in keyof P]: (
    ...args: Parameters<P[K]>
  ) => ReturnType<P[K]> | Promise<ReturnType<P[K]>>;
};

/** The side of the process: runs the owner's calls until the owner is gone. */
export function serve<P extends Protocol<P>>(handlers: Handlers<P>): void {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches every process of the terminal; the owner decides when this one ends.
  process.on('SIGINT', () => undefined);
  process.on('message', async (call: Call) => {
    process.send?.(await responseTo(handlers, call));
  });
}

async function responseTo<P extends Protocol<P>>(
  handlers: Handlers<P>,
  call: Call,
): Promise<CallResponse> {
  try {
    const handler = handlers[call.name as keyof P] as (...args: unknown[]) => unknown;
    return { id: call.id, result: await handler(...call.args) };
  } catch (thrown) {
    return { id: call.id, failure: messageOf(thrown) };
  }
}
