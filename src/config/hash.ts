/**
 * One number for a configuration, to compare that of several nodes, and of one node over time.
 * Secrets do not count: their hash could be searched for weak ones.
 */
import { createHash } from 'node:crypto';
import { withoutCredentials } from './changes.js';
import type { FrenoConfig } from './schema.js';
import { metaAt, type Path } from './schema-walk.js';

/** Keys in which the nodes of one cluster may differ. */
const NODE_KEYS: ReadonlySet<string> = new Set<keyof FrenoConfig>([
  '$schema',
  'ListenPort',
  'HttpEngine',
  'HttpWorkers',
  'ProbeWorkers',
  'EnableProfiling',
  'RaftDataDir',
  'RaftBind',
  'RaftAdvertise',
  'RaftSecretFile',
  'RaftTLS',
  'ShareDomainTLS',
]);

/** Numbers in Prometheus are doubles, which hold integers of 53 bits. */
const HASH_BYTES = 6;

/** Equal for equal values in any order of keys. */
export function configHash(config: FrenoConfig): number {
  const shared = Object.entries(config).filter(([key]) => !NODE_KEYS.has(key));
  const text = JSON.stringify(comparable(Object.fromEntries(shared), []));
  return createHash('sha256').update(text).digest().readUIntBE(0, HASH_BYTES);
}

/** The value with sorted keys, without secrets. */
function comparable(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) {
    return metaAt(path).credentials ? withoutCredentials(value) : value;
  }
  // Pairs: as keys of an object, whole numbers would come first.
  return Object.entries(value)
    .filter(([key]) => !metaAt([...path, key]).secret)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, comparable(item, [...path, key])]);
}
