/** Pieces of JSON Schema (2020-12) of which the bodies and parameters are made. */

export type JsonSchema = Readonly<Record<string, unknown>>;

export type Members = Readonly<Record<string, JsonSchema>>;

export const TEXT: JsonSchema = { type: 'string' };
export const NUMBER: JsonSchema = { type: 'number' };
export const WHOLE: JsonSchema = { type: 'integer' };
export const FLAG: JsonSchema = { type: 'boolean' };
export const TIME: JsonSchema = { type: 'string', format: 'date-time' };

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

export function oneOf(...values: ReadonlyArray<string | number>): JsonSchema {
  return { enum: values };
}

/** A whole number. */
export function wholeFrom(minimum: number, maximum?: number): JsonSchema {
  return { type: 'integer', minimum, ...(maximum !== undefined && { maximum }) };
}

/** A number, also with a fraction. */
export function numberFrom(minimum: number, maximum?: number): JsonSchema {
  return { type: 'number', minimum, ...(maximum !== undefined && { maximum }) };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** An object whose names are not known before. */
export function map(values: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: values };
}

export function nullable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** An object with these members and no others. */
export function object(required: Members, optional: Members = {}): JsonSchema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    ...(Object.keys(required).length > 0 && { required: Object.keys(required) }),
    additionalProperties: false,
  };
}

/** One of the components that the document has by name. */
export function component(kind: 'schemas' | 'parameters' | 'responses', name: string): JsonSchema {
  return { $ref: `#/components/${kind}/${name}` };
}
