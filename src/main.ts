/** The composition root: command line -> configuration -> service, and the signals that end it. */
import { availableParallelism } from 'node:os';
import { FrenoError, messageOf } from './base/errors.js';
import { createLogger, type Logger } from './base/log.js';
import { version } from './base/version.js';
import { clusterSettings } from './config/clusters.js';
import { type CommandLine, parseCommandLine, usage } from './config/commandline.js';
import { loadConfig } from './config/load.js';
import { serviceSettings } from './config/settings.js';
import { Reloader } from './reload.js';
import { Service } from './service.js';

/** Beyond, the process ends whatever is still open. */
const STOP_TIMEOUT_MS = 4_800;

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
  const service = new Service({
    settings: serviceSettings(config, availableParallelism()),
    clusters: clusterSettings(config),
    forceLeadership: commandLine.forceLeadership,
    log,
    logOptions: commandLine.log,
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
  // Signals that come during the start count too.
  const end = ended(service, log);
  const started = service.start();
  // A start that fails is told below.
  const reload = () =>
    started.then(
      () => reloader.reload(),
      () => {},
    );
  process.on('SIGHUP', reload);
  await Promise.race([started, end]);
  await end;
}

/**
 * Resolves when a signal has ended the service, rejects with the defect that did: to exit with HTTP workers still listening
 * would abort the process. What comes during the end changes nothing, since that is bounded anyway.
 */
function ended(service: Service, log: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    let ending = false;
    const end = (settle: () => void): void => {
      if (ending) return;
      ending = true;
      setTimeout(() => {
        log.error('the service did not stop in time');
        process.kill(process.pid, 'SIGKILL');
      }, STOP_TIMEOUT_MS).unref();
      service.stop().then(settle, reject);
    };
    const endOnSignal = (signal: NodeJS.Signals): void => {
      log.info({ signal }, 'stopping');
      end(resolve);
    };
    process.on('SIGTERM', endOnSignal);
    process.on('SIGINT', endOnSignal);
    process.on('uncaughtException', (err) => {
      log.error({ err }, 'stopping because of a defect');
      end(() => reject(err));
    });
  });
}

/** A user's mistake is told in a line without a stack; the exit code is 2 for the configuration, else 1. */
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
