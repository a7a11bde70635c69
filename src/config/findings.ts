/** What the rules between keys find. */
import { keyPath, type Path, pathText } from './schema-walk.js';

/**
 * Collects what the rules find. A rule that read a key which the schema refused reports nothing: it
 * judged the default instead.
 */
export class Findings {
  /** Sets: what clusters inherit is found for each of them. */
  readonly #problems = new Set<string>();
  readonly #warnings = new Set<string>();
  readonly #refused: ReadonlySet<string>;

  constructor(refused: readonly Path[]) {
    this.#refused = new Set(refused.map(pathText));
  }

  /** One line each, which begins with the path of a key. */
  get problems(): string[] {
    return [...this.#problems];
  }

  get warnings(): string[] {
    return [...this.#warnings];
  }

  /** `what` is wrong at `path`; `alsoRead` are the other keys that the rule read. */
  problem(path: Path, what: string, alsoRead: readonly Path[] = []): void {
    if ([path, ...alsoRead].some((read) => this.#refused.has(pathText(keyPath(read))))) return;
    this.#problems.add(`${pathText(path)}: ${what}`);
  }

  warning(path: Path, what: string): void {
    this.#warnings.add(`${pathText(path)}: ${what}`);
  }
}
