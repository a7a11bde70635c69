/** The request to a leader of another domain: which of its stores are unhealthy. */
import { get } from 'node:http';
import type { LookupFunction } from 'node:net';
import { FrenoError } from '../../base/errors.js';

const TIMEOUT_MS = 900;

/** Of a response: enough for some ten thousand metrics. */
const BODY_BYTES_MAX = 1 << 20;

/** A metric counts as unhealthy when it has not been healthy for this long. */
const UNHEALTHY_SECONDS = 1;

const STORE_PREFIX = 'mysql/';

/** Resolves with the names of the stores that are unhealthy at `service` (`host:port`). */
export async function unhealthyStores(
  service: string,
  lookup: LookupFunction,
): Promise<ReadonlySet<string>> {
  return parseUnhealthy(await fetchText(`http://${service}/metrics-health`, lookup));
}

/**
 * `{"mysql/main1":{"LastHealthyAt":"…","SecondsSinceLastHealthy":0}}`, and `mysql/main1/<metric>`
 * for each further metric. A store is unhealthy when one of its metrics is that is not only
 * observed.
 */
function parseUnhealthy(text: string): ReadonlySet<string> {
  const health: unknown = JSON.parse(text);
  if (!isObject(health)) throw new FrenoError('PROTOCOL', 'the response is not a JSON object');
  const unhealthy = new Set<string>();
  for (const [metric, entry] of Object.entries(health)) {
    if (!metric.startsWith(STORE_PREFIX)) continue;
    const seconds = isObject(entry) ? entry.SecondsSinceLastHealthy : undefined;
    if (typeof seconds !== 'number') {
      throw new FrenoError('PROTOCOL', `${metric} has no SecondsSinceLastHealthy`);
    }
    const isObserved = isObject(entry) && entry.Mode === 'observe';
    const [store] = metric.slice(STORE_PREFIX.length).split('/') as [string];
    if (seconds >= UNHEALTHY_SECONDS && !isObserved) unhealthy.add(store);
  }
  return unhealthy;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fetchText(url: string, lookup: LookupFunction): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(TIMEOUT_MS), agent: false, lookup });
    request.once('error', reject);
    // Node reports no error for some failures, such as a 101 that switches protocols.
    const closed = (): void => reject(new FrenoError('PROTOCOL', 'closed without a response'));
    request.once('close', closed);
    request.once('response', (response) => {
      request.off('close', closed);
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) request.destroy(new Error('the response is too long'));
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new FrenoError('PROTOCOL', `the response has status ${response.statusCode}`));
      });
    });
  });
}
