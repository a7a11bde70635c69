/** Processes that tests start. */
import type { ChildProcess } from 'node:child_process';

/** The same process, which ends at the latest when this one exits. */
export function endingWithUs<Child extends ChildProcess>(child: Child): Child {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}
