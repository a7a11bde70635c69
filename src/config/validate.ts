/**
 * Checks a document by the schema, which refuses unknown keys and wrong types, and by the rules
 * between keys; reports all mistakes at once.
 */
import { Findings } from './findings.js';
import { describeIssue, keysOf } from './problems.js';
import { checkRules } from './rules.js';
import { configSchema, type FrenoConfig } from './schema.js';
import type { Path } from './schema-walk.js';

const PROBLEMS_MAX = 100;

export interface Validation {
  /** Null when there are problems. */
  readonly config: FrenoConfig | null;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Each problem and warning is one line that begins with the path of a key. `document` is canonical.
 */
export function validate(document: unknown): Validation {
  const parsed = configSchema.safeParse(document);
  if (parsed.success) {
    const findings = new Findings([]);
    checkRules(parsed.data, findings);
    return result(parsed.data, findings.problems, findings.warnings);
  }
  const { issues } = parsed.error;
  const problems = issues.flatMap((issue) => describeIssue(issue, document));
  if (issues.length <= PROBLEMS_MAX) {
    const refused = issues.flatMap(keysOf);
    problems.push(...problemsWithout(document, refused));
  }
  return result(null, problems, []);
}

/**
 * Applies the rules to the document without its refused keys. Rules that need one of those report
 * nothing.
 */
function problemsWithout(document: unknown, refused: readonly Path[]): readonly string[] {
  const rest = configSchema.safeParse(refused.reduce(without, document));
  if (!rest.success) return [];
  const findings = new Findings(refused);
  checkRules(rest.data, findings);
  return findings.problems;
}

/** A copy of `value` without what is at the path. */
function without(value: unknown, path: Path): unknown {
  const [key, ...deeper] = path;
  if (typeof value !== 'object' || value === null || key === undefined) return undefined;
  const { [key]: child, ...rest } = value as Record<PropertyKey, unknown>;
  return deeper.length === 0 || child === undefined
    ? rest
    : { ...rest, [key]: without(child, deeper) };
}

function result(
  config: FrenoConfig | null,
  problems: readonly string[],
  warnings: readonly string[],
): Validation {
  const more = problems.length - PROBLEMS_MAX;
  const shown = more > 0 ? [...problems.slice(0, PROBLEMS_MAX), `and ${more} more`] : problems;
  return { config: shown.length > 0 ? null : config, problems: shown, warnings };
}
