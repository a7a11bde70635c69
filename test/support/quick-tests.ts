/**
 * Prints the test files of `npm run test:quick`: those that start no process, neither themselves
 * nor through what they import.
 */
import { loadsOf, readFromRoot, sourceFiles } from './sources.js';

/** Raft nodes on real sockets and disks: their elections take their time. */
const REAL_NODES = /\/(?:single-node|three-nodes)\.test\.ts$/;

const STARTS_PROCESSES = /from '(?:node:child_process|playwright-core)'/;

function startsProcesses(file: string, seen: Set<string>): boolean {
  if (seen.has(file) || file.includes('/generated/')) return false;
  seen.add(file);
  return (
    STARTS_PROCESSES.test(readFromRoot(file)) ||
    loadsOf(file).some(({ to }) => startsProcesses(to, seen))
  );
}

const quick = sourceFiles('test')
  .filter((file) => file.endsWith('.test.ts') && !REAL_NODES.test(file))
  .filter((file) => !startsProcesses(file, new Set()));
for (const file of quick) {
  process.stdout.write(`dist/${file.replace(/\.ts$/, '.js')}\n`);
}
