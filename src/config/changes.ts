/** The keys that differ between two configurations, and those that a reload can apply. */
import { isDeepStrictEqual } from 'node:util';
import type { FrenoConfig } from './schema.js';
import { metaAt, type Path, pathText } from './schema-walk.js';

const VALUE_LENGTH_MAX = 80;

export interface KeyChange {
  /** `Stores.MySQL.Clusters.prod4.ThrottleThreshold: 1 -> 0.8`; secrets are `(changed)`. */
  readonly line: string;
  /** Whether it takes effect without a restart. */
  readonly live: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** The configuration after a reload: keys that need a restart keep their running values. */
export function withLiveKeys(running: FrenoConfig, next: FrenoConfig): FrenoConfig {
  const live = Object.entries(next).filter(([key]) => isLive([key]));
  return { ...running, ...Object.fromEntries(live) };
}

/** One entry for each key that differs, and for each cluster that was added or removed. */
export function changes(before: FrenoConfig, after: FrenoConfig): KeyChange[] {
  return differences(before, after, []).map(({ path, what }) => ({
    line: `${pathText(path)}: ${what}`,
    live: isLive(path),
  }));
}

function isLive(path: Path): boolean {
  return metaAt(path.slice(0, 1)).live === true;
}

interface Difference {
  readonly path: Path;
  readonly what: string;
}

function differences(before: unknown, after: unknown, path: Path): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) {
    return [{ path, what: difference(before, after, path) }];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
}

function difference(before: unknown, after: unknown, path: Path): string {
  const { secret, credentials } = metaAt(path);
  if (secret) return '(changed)';
  if (isObject(after)) return 'added';
  if (isObject(before)) return 'removed';
  const text = (value: unknown): string => shown(credentials ? withoutCredentials(value) : value);
  return `${text(before)} -> ${text(after)}`;
}

/** A value as JSON, and short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '(not given)';
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}…`;
}

/**
 * Comma-separated addresses, with or without a scheme, where user and password stand before the
 * last `@` of the first part.
 */
export function withoutCredentials(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/(^|,\s*|\/\/)[^/,]*@/g, '$1(hidden)@') : value;
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
