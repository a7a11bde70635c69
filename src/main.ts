/** The composition root: command line -> configuration -> service, until its end. */
import { availableParallelism } from 'node:os';
import { FrenoError, messageOf } from './base/errors.js';
import { createLogger } from './base/log.js';
import { version } from './base/version.js';
import { clusterSettings } from './config/clusters.js';
import { type CommandLine, parseCommandLine, usage } from './config/commandline.js';
import { loadConfig } from './config/load.js';
import { serviceSettings } from './config/settings.js';
import { Reloader } from './service/reload.js';
import { Service } from './service/service.js';
import { Shutdown } from './service/shutdown.js';

/** Runs freno with the arguments after the program's name; sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const commandLine = parseCommandLine(argv);
    switch (commandLine.action) {
      case 'version':
        process.stdout.write(`freno ${version()}\n`);
        return;
      case 'help':
      case 'none':
        process.stdout.write(usage());
        return;
      case 'run':
        await run(commandLine);
    }
  } catch (thrown) {
    fail(thrown, argv.includes('--stack') || argv.includes('-stack'));
  }
}

async function run(commandLine: CommandLine): Promise<void> {
  const log = createLogger(commandLine.log, 'main');
  const load = () => loadConfig({ ...commandLine, environment: process.env });
  const { config, warnings } = await load();
  for (const warning of warnings) log.warn(warning);
  const ending = new Shutdown(() => service.stop(), log);
  const service = new Service({
    settings: serviceSettings(config, availableParallelism()),
    clusters: clusterSettings(config),
    forceLeadership: commandLine.forceLeadership,
    log,
    logOptions: commandLine.log,
    failed: (error) => ending.start(error),
  });
  const reloader = new Reloader({
    config,
    load,
    apply: (next) =>
      service.reconfigure(
        clusterSettings(next),
        serviceSettings(next, availableParallelism()).memcache,
      ),
    log,
  });
  // What comes during the start counts too.
  ending.listen();
  const started = service.start();
  started.catch((error: unknown) => ending.start(error));
  // A start that fails ends the process.
  const reload = () =>
    started.then(
      () => reloader.reload(),
      () => {},
    );
  process.on('SIGHUP', reload);
  await ending.done;
}

/**
 * A user's mistake is told in a line without a stack; the exit code is 2 for the configuration,
 * else 1.
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
