/** Loads the configuration from files, flags and environment, or reports every mistake in it. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FrenoError, messageOf } from '../base/errors.js';
import { advice } from './advice.js';
import { canonical, type Environment } from './canonical.js';
import type { Overrides } from './commandline.js';
import { exposure, isExposed } from './exposed-files.js';
import { codeOf, readFailure } from './file-errors.js';
import { checkFiles } from './files.js';
import { readJson } from './json.js';
import { configSchema, type FrenoConfig } from './schema.js';
import { bare } from './schema-walk.js';
import { validate } from './validate.js';

/** Read without `--config`. If both exist, both are read, and the second overrides the first. */
export const USUAL_FILES: readonly string[] = ['/etc/freno.conf.json', 'conf/freno.conf.json'];

/** At most this many warnings are printed beside the mistakes. */
const NOTES_MAX = 20;

const FILE_SIZE_MAX = 16 * 1024 * 1024;

export interface LoadOptions {
  /** Null: the usual files. */
  readonly configFile: string | null;
  readonly overrides: Overrides;
  readonly environment: Environment;
  /** Replaces `USUAL_FILES`. */
  readonly usualFiles?: readonly string[];
}

export interface LoadedConfig {
  readonly config: FrenoConfig;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
  /** The files that were read, in the order of reading. */
  readonly files: readonly string[];
}

type Document = Readonly<Record<string, unknown>>;

interface ReadDocument {
  readonly name: string;
  readonly document: Document;
  /** Written in the file itself, not as `${NAME}`. */
  readonly holdsPassword: boolean;
}

interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads the files, applies the flags, fills in the defaults, and checks the files that the
 * configuration names. Rejects with `CONFIG`: the message has one line for each mistake, which
 * begins with the file (or `command line`) and the path of the key.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const files = await readFiles(options);
  const names = files.map((file) => file.name);
  const warnings: string[] = [];
  const documents = files.map((file) => readDocument(file, options.environment, warnings));
  for (const { name, holdsPassword } of documents) {
    if (holdsPassword && (await isExposed(name))) {
      warnings.push(`${name}: ${exposure('a password')}`);
    }
  }
  const merged = documents.reduce<Document>(
    (base, { document }) => merge(configSchema, base, document),
    {},
  );
  const result = validate({ ...merged, ...options.overrides });
  const label = (line: string) => {
    const [key = ''] = line.split(/[:[]/, 1);
    const source = Object.hasOwn(options.overrides, key) ? 'command line' : names.join(' + ');
    return `${source}: ${line}`;
  };
  if (result.config === null) {
    // A variable that is not set is often the reason why a key is refused.
    const notes = warnings.slice(0, NOTES_MAX).map((warning) => `${warning} (warning)`);
    throw new FrenoError('CONFIG', [...result.problems.map(label), ...notes].join('\n'));
  }
  const checked = await checkFiles(result.config);
  if (checked.problems.length > 0) {
    throw new FrenoError('CONFIG', checked.problems.map(label).join('\n'));
  }
  const found = [...result.warnings, ...checked.warnings, ...advice(result.config)];
  return {
    config: result.config,
    warnings: [...warnings, ...found.map(label)],
    files: names,
  };
}

async function readFiles(options: LoadOptions): Promise<TextFile[]> {
  if (options.configFile !== null) return [await readText(options.configFile)];
  const usual = options.usualFiles ?? USUAL_FILES;
  const files: TextFile[] = [];
  for (const name of usual) {
    const file = await readText(name).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (file !== null) files.push(file);
  }
  if (files.length > 0) return files;
  throw new FrenoError(
    'CONFIG',
    `no configuration file: neither ${usual.join(' nor ')} exists; set --config FILE`,
  );
}

async function readText(name: string): Promise<TextFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(name);
  } catch (error) {
    throw new FrenoError('CONFIG', `${name}: cannot be read: ${readFailure(error)}`, {
      cause: error,
    });
  }
  if (bytes.length > FILE_SIZE_MAX) {
    throw new FrenoError('CONFIG', `${name}: larger than ${FILE_SIZE_MAX} bytes`);
  }
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    throw new FrenoError('CONFIG', `${name}: is not UTF-8 text`, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof FrenoError && codeOf(error.cause) === 'ENOENT';
}

function readDocument(file: TextFile, environment: Environment, warnings: string[]): ReadDocument {
  const warn = (warning: string) => warnings.push(`${file.name}: ${warning}`);
  let parsed: ReturnType<typeof readJson>;
  try {
    parsed = readJson(file.text);
  } catch (error) {
    throw new FrenoError('CONFIG', `${file.name}: ${messageOf(error)}`, { cause: error });
  }
  for (const key of parsed.repeatedKeys) warn(`${key} is set twice; the last one is used`);
  let holdsPassword = false;
  const password = () => {
    holdsPassword = true;
  };
  const document = canonical(parsed.value, environment, { warn, password });
  if (!isObject(document))
    throw new FrenoError('CONFIG', `${file.name}: must contain a JSON object`);
  return { name: file.name, document, holdsPassword };
}

/** Merges `over` into `base`: objects key by key, all else (a cluster too) as a whole. */
function merge(schema: z.core.$ZodType, base: Document, over: Document): Document {
  const inner = bare(schema);
  if (!(inner instanceof z.ZodObject)) return { ...base, ...over };
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    const child = Object.hasOwn(inner.shape, key) ? inner.shape[key] : undefined;
    merged[key] =
      child !== undefined && isObject(below) && isObject(value)
        ? merge(child, below, value)
        : value;
  }
  return merged;
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
