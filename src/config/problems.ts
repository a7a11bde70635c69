/**
 * Messages for what the schema refuses. They show a value only where it is a number and a number is
 * expected: anything else may be a password.
 */
import { z } from 'zod';
import { nearest } from './nearest.js';
import { bare, homesOf, keyPath, knownKeys, type Path, pathText, schemaAt } from './schema-walk.js';

type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** One line for each mistake in `document`. */
export function describeIssue(issue: Issue, document: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${pathText([...issue.path, key])}: ${unknownKey(issue.path, key)}`,
    );
  }
  return [`${pathText(issue.path)}: ${describeValue(issue, valueAt(document, issue.path))}`];
}

/** The keys that an issue is about, as paths that end at a key. */
export function keysOf(issue: Issue): Path[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...issue.path, key]);
  return [keyPath(issue.path)];
}

function unknownKey(parent: Path, key: string): string {
  const homes = homesOf(key, parent);
  if (homes.length > 0) return `unknown key here; move it to ${homes.join(' or ')}`;
  const near = nearest(key, knownKeys(parent));
  return near === undefined ? 'unknown key' : `unknown key; did you mean ${near}?`;
}

function describeValue(
  issue: Exclude<Issue, { code: 'unrecognized_keys' }>,
  value: unknown,
): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${expectedAt(issue)}, got ${typeOf(issue, value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((each) => JSON.stringify(each)).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'must not be empty'
        : `must be at least ${issue.minimum}, got ${numberText(value)}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin, value)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

/** For a whole number the library reports "number", unless the value is a number. */
function expectedAt({ expected, path }: z.core.$ZodIssueInvalidType): string {
  const schema = schemaAt(path);
  const isWhole = schema !== undefined && bare(schema) instanceof z.ZodNumberFormat;
  return EXPECTED[isWhole ? 'int' : expected] ?? expected;
}

function sizeOf(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have' : 'be';
}

function unitOf(origin: string, value: unknown): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : `, got ${numberText(value)}`;
}

/**
 * The type of a value; the value itself where a number is expected and another kind of number was
 * given.
 */
function typeOf(issue: z.core.$ZodIssueInvalidType, value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    return issue.expected === 'number' || issue.expected === 'int' ? numberText(value) : 'a number';
  }
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a string' : 'an object';
}

function numberText(value: unknown): string {
  return Number.isFinite(value) ? String(value) : 'too large a number';
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const step of path) {
    value = (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step];
  }
  return value;
}
