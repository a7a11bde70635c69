/** `freno check-config`: what the service would say of a configuration file, without a start. */
import { FrenoError } from '../../base/errors.js';
import { clusterSettings } from '../../config/clusters.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { shortNumber } from '../output/quantities.js';
import { tableLines } from '../output/table.js';
import { type Trial, tryClusters, untriedMetrics } from './trials.js';

export interface CheckConfigOptions {
  /** Also log in to each host and run each metric. */
  readonly connect?: boolean;
}

/**
 * Resolves with 0 if the service would start with the file and, with `connect`, every metric that
 * is tried can be read from every host; with 2 for a mistake in the file, as the service; with 1
 * for a host.
 */
export async function checkConfig(
  output: Output,
  configFile: string,
  { connect = false }: CheckConfigOptions,
): Promise<number> {
  const loaded = await load(configFile);
  if (loaded instanceof FrenoError) {
    if (output.isJson) output.json({ Valid: false, Errors: loaded.message.split('\n') });
    else output.note(loaded.message);
    return EXIT.usage;
  }
  const { config, files, warnings } = loaded;
  const clusters = clusterSettings(config);
  const trials = connect ? await tryClusters(clusters) : [];
  const untried = connect ? untriedMetrics(clusters) : [];
  if (output.isJson) {
    output.json({
      Valid: true,
      Files: files,
      Warnings: warnings,
      ...(connect && {
        Hosts: trials.map(trialJson),
        NotTried: untried.map(({ store, metric }) => ({ Store: store, Metric: metric })),
      }),
    });
  } else {
    const count = `${clusters.length} ${clusters.length === 1 ? 'cluster' : 'clusters'}`;
    output.lines(
      `${files.join(', ')}: valid, ${count}`,
      ...warnings.map((warning) => `warning: ${printable(warning)}`),
      ...trialLines(output, trials),
    );
    for (const { store, metric } of untried) {
      output.note(printable(`${store}, ${metric}: not tried: it is read from Prometheus`));
    }
  }
  return trials.some(({ result }) => result.kind === 'failed') ? EXIT.failed : EXIT.ok;
}

async function load(configFile: string): Promise<LoadedConfig | FrenoError> {
  try {
    return await loadConfig({ configFile, overrides: {}, environment: process.env });
  } catch (error) {
    if (error instanceof FrenoError && error.code === 'CONFIG') return error;
    throw error;
  }
}

function trialLines({ paint }: Output, trials: readonly Trial[]): string[] {
  if (trials.length === 0) return [];
  const rows = trials.map(({ store, metric, host, result }) => [
    printable(store),
    printable(metric),
    host === null ? '-' : printable(host),
    result.kind === 'value' ? paint('good', shortNumber(result.value)) : paint('broken', 'failed'),
  ]);
  const columns = [{ title: 'STORE' }, { title: 'METRIC' }, { title: 'HOST' }, { title: 'VALUE' }];
  return ['', ...tableLines(columns, rows), ...trials.flatMap(failureLines)];
}

function failureLines({ store, metric, result }: Trial): string[] {
  if (result.kind === 'value') return [];
  const { error, missingGrant } = result;
  return [
    '',
    printable(`${store}, ${metric}: ${error}`),
    ...(missingGrant === null ? [] : [printable(`  missing: ${missingGrant}`)]),
  ];
}

function trialJson({ store, metric, host, result }: Trial): object {
  const about = { Store: store, Metric: metric, Host: host };
  if (result.kind === 'value') return { ...about, Value: result.value };
  return { ...about, Error: result.error, MissingGrant: result.missingGrant };
}
