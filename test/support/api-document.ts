/** Holds answers against the OpenAPI document that a node serves. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { JSON_TYPE } from '../../src/http/shared/json-bodies.js';
import type { HttpAnswer } from './http-client.js';

interface Reference {
  readonly $ref: string;
}

interface MediaType {
  readonly schema: Reference;
  readonly example?: unknown;
}

interface ApiResponse {
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: ParameterLimits;
}

/** Keywords of JSON Schema. */
export interface ParameterLimits {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

export interface ApiOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Reference>>;
}

export interface PathItem {
  readonly parameters?: readonly Reference[];
  readonly get: ApiOperation;
  readonly head: ApiOperation;
  readonly options: ApiOperation;
  readonly post?: ApiOperation;
}

interface ApiDescription {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>> & {
    readonly responses: Readonly<Record<string, ApiResponse>>;
    readonly parameters: Readonly<Record<string, ApiParameter>>;
  };
}

export class ApiDocument {
  readonly described: ApiDescription;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(readonly text: string) {
    this.described = JSON.parse(text) as ApiDescription;
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ $id: 'api', components: this.described.components });
  }

  pathItem(template: string): PathItem {
    const item = this.described.paths[template];
    if (item === undefined) throw new Error(`the document has no ${template}`);
    return item;
  }

  parametersOf(template: string): ApiParameter[] {
    const { parameters } = this.described.components;
    return (this.pathItem(template).parameters ?? []).map(({ $ref }) => parameters[nameOf($ref)]!);
  }

  /** The statuses of GET, sorted. */
  statusesOf(template: string): number[] {
    return Object.keys(this.pathItem(template).get.responses).map(Number);
  }

  /** Status, content type and body are those of the document; HEAD has no body. */
  expectDescribed(template: string, answer: HttpAnswer, method = 'GET'): void {
    const { status, body } = answer;
    const contentType = String(answer.headers['content-type']);
    const about = `${method} ${template}: ${status} ${contentType} ${body.slice(0, 300)}`;
    const response = this.#response(template, status);
    expect(response, `${about}: the status is not in the document`).not.to.equal(undefined);
    const { content } = response!;
    if (content === undefined || method === 'HEAD') expect(body, about).to.equal('');
    if (content === undefined) return;
    const media = content[contentType];
    expect(media, `${about}: the type is not in the document`).not.to.equal(undefined);
    if (method === 'HEAD') return;
    this.#expectFits(media!.schema, contentType === JSON_TYPE ? JSON.parse(body) : body, about);
  }

  /** The examples are bodies that could be. */
  expectFittingExamples(): number {
    let count = 0;
    for (const [name, { content = {} }] of Object.entries(this.described.components.responses)) {
      for (const { schema, example } of Object.values(content)) {
        if (example === undefined) continue;
        this.#expectFits(schema, example, `the example of ${name}`);
        count++;
      }
    }
    return count;
  }

  #response(template: string, status: number): ApiResponse | undefined {
    const { $ref } = this.pathItem(template).get.responses[status] ?? {};
    return $ref === undefined ? undefined : this.described.components.responses[nameOf($ref)];
  }

  #expectFits({ $ref }: Reference, value: unknown, about: string): void {
    let validate = this.#validators.get($ref);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `api${$ref}` });
      this.#validators.set($ref, validate);
    }
    validate(value);
    expect(validate.errors, `${about}\n${this.#ajv.errorsText(validate.errors)}`).to.equal(null);
  }
}

function nameOf(reference: string): string {
  return reference.split('/').at(-1)!;
}
