/** Looks up schemas by path, and the objects that have a key of a given name. */
import { z } from 'zod';
import { configSchema } from './schema.js';

export type Path = readonly PropertyKey[];

/** Placeholder for the name of a cluster in documentation and messages. */
const ANY_NAME = '<name>';

/** The schema of the value itself, without its default and optional wrappers. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodOptional
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

/** The schema at a path, with its default and metadata; undefined when there is none. */
export function schemaAt(path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const step of path) {
    schema = schema && childOf(bare(schema), step);
  }
  return schema;
}

function childOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, step)) return undefined;
  return schema.shape[String(step)];
}

/** The keys of the object at a path; empty where there is no object. */
export function knownKeys(path: Path): string[] {
  const schema = schemaAt(path);
  const inner = schema && bare(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/**
 * The paths, as text, of the objects that have a key of exactly this name. Those of metrics repeat
 * keys of clusters: they are named for a key at `parent` in a metric, or if there are no others.
 */
export function homesOf(key: string, parent: Path): string[] {
  const homes: Path[] = [];
  const visit = (schema: z.core.$ZodType, path: Path): void => {
    const inner = bare(schema);
    if (inner instanceof z.ZodRecord) visit(inner.valueType, [...path, ANY_NAME]);
    if (!(inner instanceof z.ZodObject)) return;
    if (Object.hasOwn(inner.shape, key)) homes.push(path);
    for (const [name, child] of Object.entries(inner.shape)) visit(child, [...path, name]);
  };
  visit(configSchema, []);
  const inMetric = (path: Path): boolean => path.includes('Metrics');
  const alike = homes.filter((path) => inMetric(path) === inMetric(parent));
  return (alike.length > 0 ? alike : homes).map(pathText);
}

/** The metadata of the key at a path. */
export function metaAt(path: Path): z.GlobalMeta {
  const schema = schemaAt(path);
  return (schema instanceof z.ZodType ? schema.meta() : undefined) ?? {};
}

/** `Stores.MySQL.Clusters.prod4.IgnoreHosts[2]`; other names than plain words are quoted. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w$-]+$|^<name>$/.test(String(step))) text += `${text && '.'}${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text || 'the top level';
}

/** A path up to its last key: without the index of an item of a list. */
export function keyPath(path: Path): Path {
  const index = path.findIndex((step) => typeof step === 'number');
  return index < 0 ? path : path.slice(0, index);
}
