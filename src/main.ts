/** The flags of the service: what they ask for, and how a failure is reported. */
import { FrenoError, messageOf } from './base/errors.js';
import { commandOverview } from './cli/command-list.js';
import { parseCommandLine, usage } from './config/commandline.js';

/** For flags without an action: most are those of a unit or script that misses one. */
const NO_ACTION =
  'nothing to do: --http is missing, which runs the service (--help lists all flags)';

/** Runs freno with the arguments after the program's name; sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const commandLine = parseCommandLine(argv);
    switch (commandLine.action) {
      case 'version':
        process.stdout.write(await versionText());
        return;
      case 'none':
        if (argv.length > 0) throw new FrenoError('CONFIG', NO_ACTION);
        process.stdout.write(`${usage()}\n${commandOverview()}`);
        return;
      case 'help':
        process.stdout.write(`${usage()}\n${commandOverview()}`);
        return;
      case 'run': {
        // Loaded only here: the service is most of this program.
        const { launchService } = await import('./service/launch.js');
        await launchService(commandLine);
      }
    }
  } catch (thrown) {
    fail(thrown, argv.includes('--stack') || argv.includes('-stack'));
  }
}

/** The version alone on the first line, as scripts may read it. */
async function versionText(): Promise<string> {
  const [{ commit, version }, { engineInUse }] = await Promise.all([
    import('./base/version.js'),
    // It tries the native module.
    import('./service/engine-in-use.js'),
  ]);
  return [
    `freno ${version()}`,
    `commit: ${commit() ?? 'unknown'}`,
    `runtime: Node.js ${process.versions.node} (${process.platform} ${process.arch})`,
    `HTTP engine: ${engineInUse()}\n`,
  ].join('\n');
}

/**
 * An expected error is printed without its stack. The exit code is 2 for a wrong configuration or
 * command line, else 1.
 */
function fail(thrown: unknown, stacks: boolean): void {
  const expected = thrown instanceof FrenoError && !stacks;
  const text = expected
    ? thrown.message
    : thrown instanceof Error
      ? thrown.stack
      : messageOf(thrown);
  process.stderr.write(`freno: ${text}\n`);
  process.exitCode = thrown instanceof FrenoError && thrown.code === 'CONFIG' ? 2 : 1;
}
