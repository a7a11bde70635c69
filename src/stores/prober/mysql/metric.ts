/** The metric of a cluster: the statement that its hosts run, and how its result is read. */
import { metricQueryKind } from '../../../config/metric-query.js';
import { lagStatements, readLag } from './lag.js';
import {
  type ResultRows,
  readNamedValue,
  readSingleValue,
  type UnusableResult,
} from './metric-value.js';
import type { TextField } from './text-query.js';

export interface Metric {
  /**
   * The statements to try on a server of that version (from its greeting), until it knows one:
   * almost always the first.
   */
  statements(serverVersion: string): readonly [string, ...string[]];
  /** `rows` is null for a statement without a result set. */
  read(rows: ResultRows | null, fields: readonly TextField[]): number | UnusableResult;
}

/** The metric of a `MetricQuery`. Null: a query that freno does not run. */
export function metricOf(query: string): Metric | null {
  switch (metricQueryKind(query)) {
    case 'lag':
      return replicationLag;
    case 'value':
      return { statements: () => [query], read: readSingleValue };
    case 'show':
      return { statements: () => [query], read: readNamedValue };
    case null:
      return null;
  }
}

const replicationLag: Metric = {
  statements: lagStatements,
  read: readLag,
};
