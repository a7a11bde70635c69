/** The composition root: configuration -> service -> shutdown. */
import { availableParallelism } from 'node:os';
import { logLibraryOutput } from '../base/library-output.js';
import { createLogger } from '../base/log.js';
import { clusterSettings } from '../config/clusters.js';
import type { CommandLine } from '../config/commandline.js';
import { loadConfig } from '../config/load.js';
import { serviceSettings } from '../config/settings.js';
import type { HttpThread } from '../http/main/http-thread.js';
import { ConfigState } from './config-state.js';
import { ServiceFront } from './front.js';
import type { ServiceOptions } from './options.js';
import { Reloader } from './reload.js';
import type { Service } from './service.js';
import { Shutdown } from './shutdown.js';

/** Resolves when the service has ended. */
export async function runService(
  commandLine: CommandLine,
  firstHttpThread: HttpThread,
): Promise<void> {
  const log = createLogger(commandLine.log, 'main');
  logLibraryOutput(log);
  const load = () => loadConfig({ ...commandLine, environment: process.env });
  const { config, warnings } = await load();
  for (const warning of warnings) log.warn(warning);
  const shutdown = new Shutdown(log);
  const state = new ConfigState(config);
  const options: ServiceOptions = {
    settings: serviceSettings(config, availableParallelism()),
    clusters: clusterSettings(config),
    firstHttpThread,
    forceLeadership: commandLine.forceLeadership,
    forceNewCluster: commandLine.forceNewCluster,
    config: state,
    log,
    logOptions: commandLine.log,
    failed: (error) => shutdown.start(error),
  };
  const front = new ServiceFront(options);
  let stop = () => front.stop();
  // Before anything starts: a signal that arrives meanwhile must stop it.
  shutdown.listen(() => stop());
  front.http.launch();
  const createService = await loadService(options).catch((error: unknown) => shutdown.start(error));
  if (createService === undefined || shutdown.hasStarted) return shutdown.done;
  const service = createService(front);
  stop = () => service.stop();
  const reloader = new Reloader({
    config,
    state,
    load,
    apply: (next) =>
      service.reconfigure(clusterSettings(next), serviceSettings(next, availableParallelism())),
    log,
  });
  const started = service.start();
  started.catch((error: unknown) => shutdown.start(error));
  // After a failed start the process ends: there is nothing to reload.
  const reload = () =>
    started.then(
      () => reloader.reload(),
      () => {},
    );
  process.on('SIGHUP', reload);
  try {
    await shutdown.done;
  } finally {
    // When its failure is reported. Look-ups of names cannot be cancelled: the exit waits for those
    // in progress, but for none that would follow them, as the end of the event loop would.
    if (!shutdown.isKilling) setImmediate(() => process.exit());
  }
}

/** What the other parts are made of is loaded only here, beside the HTTP threads. */
async function loadService(options: ServiceOptions): Promise<(front: ServiceFront) => Service> {
  const [{ Service }, { loadConsensus }] = await Promise.all([
    import('./service.js'),
    import('./parts.js'),
  ]);
  const createConsensus = await loadConsensus(options);
  return (front) => new Service(options, front, createConsensus);
}
