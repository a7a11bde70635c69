/**
 * What the configuration says about single apps: which metrics apply to them, by which thresholds,
 * and their priority; and how the name of an app relates to those of its group. Pure.
 */

/** A key that is not given leaves what holds for every app. */
export interface AppRule {
  /** Names of the metrics that apply: no others do. */
  readonly metrics?: readonly string[];
  /** By name of a metric, instead of its configured threshold. */
  readonly thresholds?: ReadonlyMap<string, number>;
  /** Of a check that gives none. */
  readonly priority?: 'low' | 'normal';
}

/** A rule for all apps of that name; `*` in it stands for any characters, or none. */
export interface PatternRule extends AppRule {
  readonly pattern: string;
}

/** Plain data, to be sent between threads. */
export interface AppRulesSettings {
  /** Separates the name of an app from that of its part; empty: names have no parts. */
  readonly separator: string;
  readonly rules: readonly PatternRule[];
}

export const NO_APP_RULES: AppRulesSettings = { separator: '', rules: [] };

/** Parts of a name that have a prefix of their own: names come from clients. */
const PREFIXES_MAX = 16;

export class AppRules {
  readonly separator: string;
  /** The most specific pattern first. */
  readonly #rules: readonly PatternRule[];

  constructor({ separator, rules }: AppRulesSettings) {
    this.separator = separator;
    this.#rules = [...rules].sort(bySpecificity);
  }

  /**
   * The rule of the most specific pattern that fits the app or one of its prefixes: that with the
   * most characters beside `*`. Null: there is none.
   */
  ruleFor(app: string): PatternRule | null {
    if (this.#rules.length === 0) return null;
    const names = appAndPrefixes(app, this.separator);
    return (
      this.#rules.find(({ pattern }) => names.some((name) => fitsPattern(pattern, name))) ?? null
    );
  }
}

/**
 * The app, and the names of the groups that it is part of, the narrowest first: with the separator
 * `:`, `gh-ost:orders:42`, `gh-ost:orders` and `gh-ost`. Of a name with very many parts the widest
 * groups.
 */
export function appAndPrefixes(app: string, separator: string): readonly string[] {
  if (separator === '') return [app];
  const names: string[] = [];
  let at = app.indexOf(separator);
  while (at >= 0 && names.length < PREFIXES_MAX) {
    if (at > 0) names.push(app.slice(0, at));
    at = app.indexOf(separator, at + separator.length);
  }
  return [...names, app].reverse();
}

function bySpecificity({ pattern: left }: PatternRule, { pattern: right }: PatternRule): number {
  const difference = specificity(right) - specificity(left);
  if (difference !== 0) return difference;
  // Without `*` before with; then by name, so that the order in the file does not matter.
  return left.length - right.length || (left < right ? -1 : 1);
}

function specificity(pattern: string): number {
  return pattern.replaceAll('*', '').length;
}

/** Linear in the length of the name, whatever the pattern: names come from clients. */
export function fitsPattern(pattern: string, name: string): boolean {
  const [start = '', ...rest] = pattern.split('*');
  const end = rest.pop();
  if (end === undefined) return name === pattern;
  if (name.length < start.length + end.length) return false;
  if (!name.startsWith(start) || !name.endsWith(end)) return false;
  let at = start.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - end.length;
}
