/** A probe thread that a test can crash: the real one, which listens for a command. */
import { execFileSync } from 'node:child_process';
import { BroadcastChannel } from 'node:worker_threads';
import type { ProbeTask } from '../../src/contracts/probe.js';
import { probe as realProbe } from '../../workers/probe.js';

/** How the thread of that number ends. */
export interface CrashCommand {
  readonly worker: number;
  /**
   * `hang`: for ever; `block`: for two seconds in a call that `terminate` cannot interrupt. `STUCK`
   * is sent before either.
   */
  readonly how: 'throw' | 'exit' | 'hang' | 'block';
}

export const CRASH_CHANNEL = 'crash-probe-threads';

/** Sent on the channel by a thread that handles no more messages. */
const STUCK = { worker: -1 };

export function probe(task: ProbeTask): Promise<void> {
  const channel = new BroadcastChannel(CRASH_CHANNEL);
  channel.onmessage = (event): void => {
    const { worker, how } = (event as { data: CrashCommand }).data;
    if (worker !== task.worker) return;
    if (how === 'exit') process.exit(3);
    if (how === 'hang' || how === 'block') channel.postMessage(STUCK);
    if (how === 'hang') for (;;);
    if (how === 'block') execFileSync('sleep', ['2']);
    setImmediate(() => {
      throw new Error('planted');
    });
  };
  return realProbe(task).finally(() => channel.close());
}
