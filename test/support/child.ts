/** Processes that tests start. */
import type { ChildProcess } from 'node:child_process';

/** Returns the child; it is killed when this process exits. */
export function endingWithUs<Child extends ChildProcess>(child: Child): Child {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}
