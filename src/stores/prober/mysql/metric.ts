/** How a metric is measured on a MySQL server: its statements, and how their results are read. */
import { isMariaDb } from '../../../base/mysql/server-version.js';
import type { ResultRows, TextField } from '../../../base/mysql/text-query.js';
import { metricQueryKind } from '../../../config/metric-query.js';
import type { StatementSource } from '../../../contracts/stores.js';
import { lagStatements, readLag } from './lag.js';
import { readNamedValue, readSingleValue, type UnusableResult } from './metric-value.js';

export interface MetricStatement {
  readonly text: string;
  /** `rows` is null for a statement without a result set. */
  read(rows: ResultRows | null, fields: readonly TextField[]): number | UnusableResult;
}

type Statements = readonly [MetricStatement, ...MetricStatement[]];

export interface Metric {
  /**
   * The statements to try on a server of that version (from its greeting), until it knows one:
   * almost always the first.
   */
  statements(serverVersion: string): Statements;
  /** Whether the value is what the number grows by per second. */
  readonly isRate: boolean;
  /** The number is multiplied by this. */
  readonly factor: number;
}

/** The metric that a source describes. Null: a query that freno does not run. */
export function metricOf({
  kind,
  query,
  mariaDbQuery,
  factor = 1,
}: StatementSource): Metric | null {
  const statements = statementsOf(query);
  const ofMariaDb = mariaDbQuery === undefined ? statements : statementsOf(mariaDbQuery);
  if (statements === null || ofMariaDb === null) return null;
  return {
    statements: (version) => (isMariaDb(version) ? ofMariaDb : statements)(version),
    isRate: kind === 'rate',
    factor,
  };
}

/** By the version of the server. */
function statementsOf(query: string): ((serverVersion: string) => Statements) | null {
  switch (metricQueryKind(query)) {
    case 'lag':
      return replicationLag;
    case 'value': {
      const statements: Statements = [{ text: query, read: readSingleValue }];
      return () => statements;
    }
    case 'show': {
      const statements: Statements = [{ text: query, read: readNamedValue }];
      return () => statements;
    }
    case null:
      return null;
  }
}

function replicationLag(serverVersion: string): Statements {
  const [first, ...others] = lagStatements(serverVersion);
  const statement = (text: string): MetricStatement => ({ text, read: readLag });
  return [statement(first), ...others.map(statement)];
}
