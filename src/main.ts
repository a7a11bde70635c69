/** The composition root: command line -> configuration -> service -> shutdown. */
import { availableParallelism } from 'node:os';
import { FrenoError, messageOf } from './base/errors.js';
import { logLibraryOutput } from './base/library-output.js';
import { createLogger } from './base/log.js';
import { commit, version } from './base/version.js';
import { commandOverview } from './cli/command-list.js';
import { clusterSettings } from './config/clusters.js';
import { type CommandLine, parseCommandLine, usage } from './config/commandline.js';
import { loadConfig } from './config/load.js';
import { serviceSettings } from './config/settings.js';
import { ConfigState } from './service/config-state.js';
import { Reloader } from './service/reload.js';
import { Service } from './service/service.js';
import { Shutdown } from './service/shutdown.js';

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
      case 'run':
        await run(commandLine);
    }
  } catch (thrown) {
    fail(thrown, argv.includes('--stack') || argv.includes('-stack'));
  }
}

/** The version alone on the first line, as scripts may read it. */
async function versionText(): Promise<string> {
  // Loaded only here: it tries the native module.
  const { engineInUse } = await import('./service/engine-in-use.js');
  return [
    `freno ${version()}`,
    `commit: ${commit() ?? 'unknown'}`,
    `runtime: Node.js ${process.versions.node} (${process.platform} ${process.arch})`,
    `HTTP engine: ${engineInUse()}\n`,
  ].join('\n');
}

async function run(commandLine: CommandLine): Promise<void> {
  const log = createLogger(commandLine.log, 'main');
  logLibraryOutput(log);
  const load = () => loadConfig({ ...commandLine, environment: process.env });
  const { config, warnings } = await load();
  for (const warning of warnings) log.warn(warning);
  const shutdown = new Shutdown(log);
  const state = new ConfigState(config);
  const service = new Service({
    settings: serviceSettings(config, availableParallelism()),
    clusters: clusterSettings(config),
    forceLeadership: commandLine.forceLeadership,
    forceNewCluster: commandLine.forceNewCluster,
    config: state,
    log,
    logOptions: commandLine.log,
    failed: (error) => shutdown.start(error),
  });
  const reloader = new Reloader({
    config,
    state,
    load,
    apply: (next) =>
      service.reconfigure(clusterSettings(next), serviceSettings(next, availableParallelism())),
    log,
  });
  // Before the start: a signal that arrives while the service starts must stop it.
  shutdown.listen(() => service.stop());
  const started = service.start();
  started.catch((error: unknown) => shutdown.start(error));
  // After a failed start the process ends: there is nothing to reload.
  const reload = () =>
    started.then(
      () => reloader.reload(),
      () => {},
    );
  process.on('SIGHUP', reload);
  await shutdown.done;
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
