/** Processes that tests start. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until.js';

/** Returns the child; it is killed when this process exits. */
export function endingWithUs<Child extends ChildProcess>(child: Child): Child {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}

/** Resolves when SIGSTOP has stopped the last thread of the process. */
export async function untilStopped(pid: number): Promise<void> {
  await until(() => threadStates(pid).every((state) => state === 'T'));
}

/** See proc(5): the state follows the name in parentheses. */
function threadStates(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const line = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    return line.charAt(line.lastIndexOf(')') + 2);
  });
}
