/** Tries every metric of every cluster on each of its hosts. */
import { formatAddress } from '../../base/address.js';
import { FairResolver } from '../../base/dns-resolver.js';
import { messageOf } from '../../base/errors.js';
import type { ClusterSettings, MetricSettings, ProbeTarget } from '../../contracts/stores.js';
import { createReaderFactory } from '../../stores/main/hosts/create-host-source.js';
import type { HostList } from '../../stores/main/hosts/host-source.js';
import { type TrialResult, tryHost } from './host-trial.js';

/** What came of one metric on one host; without a host: its list could not be read. */
export interface Trial {
  readonly store: string;
  readonly metric: string;
  readonly host: string | null;
  readonly result: TrialResult;
}

/** A metric of a store that is not tried. */
export interface UntriedMetric {
  readonly store: string;
  readonly metric: string;
}

/** Those of Prometheus: one query there has the values of many hosts. */
export function untriedMetrics(clusters: readonly ClusterSettings[]): UntriedMetric[] {
  return clusters.flatMap(({ name, metrics }) =>
    metrics
      .filter(({ measured }) => measured.kind === 'prometheus')
      .map((metric) => ({ store: `mysql/${name}`, metric: metric.name })),
  );
}

/** Each takes up to some seconds, on a host that does not respond. */
const CONCURRENT_MAX = 64;

/** A task that resolves with what came of it. */
type TrialTask = () => Promise<Trial>;

/** In the order of the configuration. Never rejects. */
export async function tryClusters(clusters: readonly ClusterSettings[]): Promise<Trial[]> {
  const resolver = new FairResolver();
  const lists = new HostLists(resolver);
  const tasks: TrialTask[] = [];
  for (const { name, metrics } of clusters) {
    for (const settings of metrics) {
      const about = { store: `mysql/${name}`, metric: settings.name };
      const { measured } = settings;
      if (measured.kind === 'prometheus') continue;
      const list = await lists.read(name, settings);
      if (list.problem !== '') tasks.push(async () => ({ ...about, ...listFailure(list.problem) }));
      for (const target of list.hosts) {
        const host = formatAddress(target);
        tasks.push(async () => {
          const result = await tryHost(target, settings, measured, resolver.client());
          return { ...about, host, result };
        });
      }
    }
  }
  return runBounded(tasks);
}

/** The lists of hosts; metrics that name the same source share one. */
class HostLists {
  readonly #readerFor: ReturnType<typeof createReaderFactory>;
  readonly #lists = new Map<string, Promise<HostList>>();

  constructor(resolver: FairResolver) {
    this.#readerFor = createReaderFactory(resolver.client().lookup);
  }

  /** Without the hosts that `IgnoreHosts` leaves out. */
  async read(
    cluster: string,
    { hosts, port, ignoreHosts }: MetricSettings,
  ): Promise<Pick<HostList, 'hosts' | 'problem'>> {
    const key = JSON.stringify([hosts, port]);
    const reading = this.#lists.get(key) ?? this.#read(cluster, hosts, port);
    this.#lists.set(key, reading);
    const list = await reading;
    const isIgnored = (host: ProbeTarget): boolean =>
      ignoreHosts.some((part) => part !== '' && formatAddress(host).includes(part));
    return { ...list, hosts: list.hosts.filter((host) => !isIgnored(host)) };
  }

  async #read(cluster: string, hosts: MetricSettings['hosts'], port: number): Promise<HostList> {
    try {
      const reader = this.#readerFor({ cluster, hosts, port });
      const list = await (reader?.read() ?? { hosts: [], problem: 'it names no source of hosts' });
      if (list.hosts.length > 0 || list.problem !== '') return list;
      return { hosts: [], problem: 'its source lists no hosts' };
    } catch (error) {
      return { hosts: [], problem: messageOf(error) };
    }
  }
}

function listFailure(error: string): Pick<Trial, 'host' | 'result'> {
  return { host: null, result: { kind: 'failed', error, missingGrant: null } };
}

/** Results in the order of the tasks. */
async function runBounded(tasks: readonly TrialTask[]): Promise<Trial[]> {
  const results: Trial[] = [];
  const waiting = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [at, task] of waiting) results[at] = await task();
  };
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, work));
  return results;
}
