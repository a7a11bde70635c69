/** Small configurations, and helpers that validate them. */
import { canonical, type Environment } from '../../src/config/canonical.js';
import type { ConfigInput, FrenoConfig } from '../../src/config/schema.js';
import { type Validation, validate } from '../../src/config/validate.js';

/** The smallest valid document. */
export const MINIMAL: ConfigInput = { RaftDataDir: '/tmp/freno' };

/** The validation of a document, with its problems and warnings. */
export function check(document: unknown, environment: Environment = {}): Validation {
  const warnings: string[] = [];
  const notes = { warn: (warning: string) => void warnings.push(warning), password: () => {} };
  const result = validate(canonical(document, environment, notes));
  return { ...result, warnings: [...warnings, ...result.warnings] };
}

export function problemsOf(document: unknown): readonly string[] {
  return check(document).problems;
}

/** The configuration of a document that must be valid. */
export function configOf(document: ConfigInput): FrenoConfig {
  const { config, problems } = check({ ...MINIMAL, ...document });
  if (config === null) throw new Error(problems.join('\n'));
  return config;
}

/** A document with the one cluster `c`. */
export function withCluster(cluster: object, mysql: object = {}): ConfigInput {
  return { ...MINIMAL, Stores: { MySQL: { ...mysql, Clusters: { c: cluster } } } };
}
