/** The request to a leader of another domain: which of its stores are unhealthy. */
import { get, type RequestOptions } from 'node:http';
import { get as getTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import { parseAddress } from '../../base/address.js';
import { FrenoError } from '../../base/errors.js';
import { TlsClient } from '../../base/tls-client.js';
import type { ShareDomainTls } from '../../config/share-domain.js';

const TIMEOUT_MS = 900;

/** Of a response: enough for some ten thousand metrics. */
const BODY_BYTES_MAX = 1 << 20;

/** A metric counts as unhealthy when it has not been healthy for this long. */
const UNHEALTHY_SECONDS = 1;

const PATH = '/metrics-health';

const STORE_PREFIX = 'mysql/';

type Get = typeof get;

export class PeerRequests {
  readonly #tls: TlsClient | null;
  readonly #acceptsClear: boolean;

  /** `tls` null: in clear. */
  constructor(tls: ShareDomainTls | null) {
    const noCertificate = { certFile: '', keyFile: '', serverName: '', skipVerify: false };
    this.#tls = tls && new TlsClient({ caFile: tls.caFile, ...noCertificate }, 'ShareDomainTLS');
    this.#acceptsClear = tls?.acceptsClear ?? true;
  }

  /** Resolves with the names of the stores that are unhealthy at `service` (`host:port`). */
  async unhealthyStores(service: string, lookup: LookupFunction): Promise<ReadonlySet<string>> {
    const clear = () => fetchText(get, `http://${service}${PATH}`, { lookup });
    const tls = this.#tls;
    if (tls === null) return parseUnhealthy(await clear());
    try {
      const host = parseAddress(service, 0)?.host ?? service;
      const options = { lookup, ...tls.optionsFor(host) };
      return parseUnhealthy(await fetchText(getTls, `https://${service}${PATH}`, options));
    } catch (error) {
      if (!this.#acceptsClear) throw error;
      // One that does speak TLS refuses this too: what was wrong with TLS is what to mend.
      return parseUnhealthy(await clear().catch(() => Promise.reject(error)));
    }
  }
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

function fetchText(get: Get, url: string, options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = get(url, { ...options, signal, agent: false });
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
