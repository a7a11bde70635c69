/**
 * What must be equal for a host of two stores to have one probe: the address, how freno logs in,
 * and what is asked.
 */
import { createHash } from 'node:crypto';
import { formatAddress } from '../../base/address.js';
import type { LoginSettings } from '../../base/mysql/login.js';
import type { ClusterAssignment, ProbeTarget, StatementSource } from '../../contracts/stores.js';

/** Equal for equal settings. */
export function loginKey(settings: LoginSettings): string {
  const { user, password, passwordFile, collation, tls, serverPublicKeyFile } = settings;
  return JSON.stringify([user, password, passwordFile, collation, tls, serverPublicKeyFile]);
}

/** Equal for metrics of which one reading serves both. `cacheMs`: how long each reuses a value. */
export function queryKey(
  { kind, query, mariaDbQuery, factor = 1 }: StatementSource,
  cacheMs: number,
): string {
  return JSON.stringify([kind, query, mariaDbQuery, factor, cacheMs]);
}

/** Of a host, besides its address: what is asked there, in any order, after that login. */
export function probeKey(login: string, queries: ReadonlySet<string>): string {
  if (queries.size === 1) for (const query of queries) return `${login}\n${query}`;
  return [login, ...[...queries].sort()].join('\n');
}

/**
 * Each probe of the store, as a short text that is equal for stores that share it. Those of a store
 * without hosts, or with values of Prometheus alone, are none.
 */
export function probesOf({ metrics }: ClusterAssignment): string[] {
  const asked = metrics.flatMap(({ settings, targets }) => {
    const { measured } = settings;
    if (measured.kind === 'prometheus') return [];
    return [{ login: loginKey(settings), query: queryKey(measured, settings.cacheMs), targets }];
  });
  const [first, ...others] = asked;
  if (first === undefined) return [];
  // The usual case, of thousands of hosts.
  if (others.length === 0) {
    const digest = digestOf(probeKey(first.login, new Set([first.query])));
    return first.targets.map((target) => `${digest} ${formatAddress(target)}`);
  }
  const digests = new Map<string, string>();
  const probes: string[] = [];
  for (const [login, addresses] of queriesByHost(asked)) {
    for (const [address, queries] of addresses) {
      const key = probeKey(login, queries);
      const digest = digests.get(key) ?? digestOf(key);
      digests.set(key, digest);
      probes.push(`${digest} ${address}`);
    }
  }
  return probes;
}

interface Asked {
  readonly login: string;
  readonly query: string;
  readonly targets: readonly ProbeTarget[];
}

/** By login, and by address. */
function queriesByHost(asked: readonly Asked[]): Map<string, Map<string, Set<string>>> {
  const byLogin = new Map<string, Map<string, Set<string>>>();
  for (const { login, query, targets } of asked) {
    const byAddress = byLogin.get(login) ?? new Map<string, Set<string>>();
    byLogin.set(login, byAddress);
    for (const target of targets) {
      const address = formatAddress(target);
      const queries = byAddress.get(address);
      if (queries === undefined) byAddress.set(address, new Set([query]));
      else queries.add(query);
    }
  }
  return byLogin;
}

function digestOf(key: string): string {
  return createHash('sha1').update(key).digest('base64url');
}
