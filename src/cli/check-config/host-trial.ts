/** One probe of one host, as the service would begin it: login, session, metric. */

import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { Login } from '../../base/mysql/connection.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import { loginOf } from '../../base/mysql/login.js';
import type { MetricSettings, ProbeTarget, StatementSource } from '../../contracts/stores.js';
import { metricOf } from '../../stores/prober/mysql/metric.js';
import { MysqlProbe } from '../../stores/prober/mysql/probe.js';
import { ProbeQuery } from '../../stores/prober/mysql/probe-query.js';
import { currentAccount } from './current-account.js';
import { missingGrant } from './missing-grant.js';

export type TrialResult =
  | { readonly kind: 'value'; readonly value: number }
  | {
      readonly kind: 'failed';
      /** Begins with the address. */
      readonly error: string;
      /** The statement that grants what is missing; null: the error has another reason. */
      readonly missingGrant: string | null;
    };

/** The probe checks its time-outs at its ticks. */
const TICK_MS = 50;

/** Never rejects. */
export async function tryHost(
  target: ProbeTarget,
  settings: MetricSettings,
  measured: StatementSource,
  resolver: ResolverClient,
): Promise<TrialResult> {
  const login = loginOf(settings);
  const result = await probeOnce(target, login, measured, resolver);
  if (result.kind === 'value') return result;
  const { address, error } = result;
  const reason = error.startsWith(`${address}: `) ? error.slice(address.length + 2) : error;
  const grant =
    missingGrant(reason, measured.query, '') === null
      ? null
      : missingGrant(reason, measured.query, await currentAccount(target, login, resolver.lookup));
  return { kind: 'failed', error, missingGrant: grant };
}

type ProbeResult =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'failed'; readonly address: string; readonly error: string };

function probeOnce(
  target: ProbeTarget,
  login: Login,
  measured: StatementSource,
  resolver: ResolverClient,
): Promise<ProbeResult> {
  // A rate has no value before its second reading.
  const metric = metricOf({ ...measured, kind: 'query' });
  if (metric === null) throw new Error(`freno does not run ${measured.query}`);
  return new Promise((resolve) => {
    const end = (result: ProbeResult): void => {
      clearInterval(ticks);
      // Not within the callback of the probe, which goes on with its connection.
      setImmediate(() => probe.close());
      resolve(result);
    };
    const uncounted = { finished: () => {}, failed: () => {} };
    const failed = ({ text }: MySQLFailure): void =>
      end({ kind: 'failed', address: probe.address, error: text });
    const listener = { failed, sessionRefused: () => {}, connected: () => {} };
    const probe = new MysqlProbe(target, login, resolver, listener, uncounted);
    const reading = {
      succeeded: (value: number) => end({ kind: 'value', value }),
      failed,
    };
    probe.setQueries([new ProbeQuery(metric, 0, reading, uncounted)]);
    const ticks = setInterval(() => probe.tick(monotonicMs()), TICK_MS);
    probe.open(monotonicMs());
  });
}
