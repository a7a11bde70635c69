/**
 * A document in its canonical form: keys in the case of the schema, environment variables replaced,
 * keys whose value is `null` left out.
 */
import { z } from 'zod';
import { configSchema } from './schema.js';
import { bare, metaAt, type Path, pathText } from './schema-walk.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** What is unusual in a document. */
export interface DocumentNotes {
  /** It has one meaning all the same: one line, which begins with the path of the key. */
  warn(warning: string): void;
  /** A password stands in the document itself. */
  password(): void;
}

/**
 * Rewrites the document of one file. What is unusual goes to `notes`; mistakes stay, for the
 * validation to find.
 */
export function canonical(
  document: unknown,
  environment: Environment,
  notes: DocumentNotes,
): unknown {
  return new Canonicalizer(environment, notes).value(configSchema, document, []);
}

class Canonicalizer {
  readonly #environment: Environment;
  readonly #notes: DocumentNotes;

  constructor(environment: Environment, notes: DocumentNotes) {
    this.#environment = environment;
    this.#notes = notes;
  }

  /** `schema` is undefined below a key that is not known. */
  value(schema: z.core.$ZodType | undefined, value: unknown, path: Path): unknown {
    const inner = schema && bare(schema);
    if (typeof value === 'string') return this.#text(value, path);
    if (Array.isArray(value)) {
      const element = inner instanceof z.ZodArray ? inner.element : undefined;
      return value.map((item, index) => this.value(element, item, [...path, index]));
    }
    if (typeof value !== 'object' || value === null) return value;
    return inner instanceof z.ZodRecord
      ? this.#named(inner.valueType, value, path)
      : this.#keyed(inner instanceof z.ZodObject ? inner.shape : {}, value, path);
  }

  /** An object whose keys are names that the author chose. */
  #named(schema: z.core.$ZodType, object: object, path: Path): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(object).map(([name, value]) => [
        name,
        this.value(schema, value, [...path, name]),
      ]),
    );
  }

  /** An object whose keys the schema knows. */
  #keyed(
    shape: Readonly<Record<string, z.core.$ZodType>>,
    object: object,
    path: Path,
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [written, value] of Object.entries(object)) {
      if (value === null) continue;
      const key = this.#keyFor(shape, written, path);
      if (Object.hasOwn(result, key)) {
        this.#notes.warn(`${pathText([...path, key])}: set twice; the last one is used`);
      }
      const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
      result[key] = this.value(schema, value, [...path, key]);
    }
    return result;
  }

  #keyFor(shape: Readonly<Record<string, unknown>>, written: string, path: Path): string {
    if (Object.hasOwn(shape, written)) return written;
    const key = Object.keys(shape).find((name) => name.toLowerCase() === written.toLowerCase());
    if (key === undefined) return written;
    this.#notes.warn(
      `${pathText([...path, written])}: unknown key, read as ${key}; correct the case`,
    );
    return key;
  }

  #text(value: string, path: Path): string | number {
    const { secret, digits } = metaAt(path);
    if (secret && value.replace(VARIABLE, '') !== '') this.#notes.password();
    const replaced = value.replace(VARIABLE, (_, name: string) => {
      const known = this.#environment[name];
      if (known === undefined) {
        this.#notes.warn(
          `${pathText(path)}: environment variable ${name} is not set, replaced by an empty string`,
        );
      }
      return known ?? '';
    });
    if (!/^\d{1,9}$/.test(replaced) || !digits) return replaced;
    this.#notes.warn(`${pathText(path)}: a string, read as a number; remove the quotes`);
    return Number(replaced);
  }
}
