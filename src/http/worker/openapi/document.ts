/**
 * The HTTP API as a document of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0), made from the routes of
 * the router and what is known of their endpoints.
 */
import { version } from '../../../base/version.js';
import { needOf } from '../access/rights.js';
import { isControl, ROUTES, type Route } from '../routes.js';
import { BODIES } from './bodies.js';
import { type DescribedEndpoint, ENDPOINTS } from './endpoints.js';
import {
  type DescribedParameter,
  PATH_PARAMETERS,
  type PathParameterName,
  QUERIES,
  type QueryName,
} from './parameters.js';
import { BAD_REQUEST, type DescribedResponse } from './responses.js';
import { component, type JsonSchema } from './schema.js';

const DESCRIPTION =
  'A cooperative throttler for writers: ask before each small batch, write on 200, else wait. ' +
  'A path that is a known one but for superfluous slashes or letter case gets 301 or 307, an ' +
  'unknown path 404, another method 405, and a defect of freno 500. Where the configuration ' +
  'restricts access, a request gets 401 without a known token, 403 without the right that its ' +
  'message names, and 429 with Retry-After when it comes too often.';

/** Callers may also be anonymous: the configuration says what they may do. */
const SECURITY = [{}, { token: [] }, { certificate: [] }];

const SECURITY_SCHEMES = {
  token: { type: 'http', scheme: 'bearer', description: 'As `freno token create` prints it.' },
  certificate: { type: 'mutualTLS', description: 'A certificate of the client.' },
};

const TAGS: Readonly<Record<DescribedEndpoint['tag'], string>> = {
  Checks: 'May this app write to this store now?',
  Commands: "Operators' commands; every node takes them, with or without a body.",
  State: 'What is in force, what is measured, and how the nodes are.',
  Diagnostics: 'For the monitoring of freno itself.',
  Page: 'The page for operators, its files and its stream.',
};

/** The same for every path. */
const METHOD_RESPONSES: Readonly<Record<string, JsonSchema>> = {
  Head: { description: 'The status and the headers of GET, without a body.' },
  Options: {
    description: 'Does nothing.',
    headers: { Allow: { description: 'The methods of the path.', schema: { type: 'string' } } },
  },
};

/** As JSON. */
export function openApiDocument(): string {
  const responses = new Map(Object.entries(METHOD_RESPONSES));
  const identifiers = identifiersOf(ROUTES);
  const paths = ROUTES.map((route) => {
    for (const response of Object.values(responsesOf(route))) {
      responses.set(response.name, responseObject(response));
    }
    return [templateOf(route), pathItem(route, identifiers.get(route)!)];
  });
  return JSON.stringify({
    openapi: '3.1.0',
    info: {
      title: 'freno',
      description: DESCRIPTION,
      version: version(),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: SECURITY,
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(paths),
    components: {
      parameters: {
        ...parameterObjects('path', PATH_PARAMETERS),
        ...parameterObjects('query', QUERIES),
      },
      responses: Object.fromEntries(responses),
      schemas: BODIES,
      securitySchemes: SECURITY_SCHEMES,
    },
  });
}

/** `/check/{app}/{storeType}/{storeName}` */
export function templateOf({ pattern }: Route): string {
  return pattern.replace(/:(\w+)/g, '{$1}');
}

/** Of GET; those of the other methods have the method before: `postThrottleApp`. */
function identifiersOf(routes: readonly Route[]): ReadonlyMap<Route, string> {
  const identifiers = new Map<string, Route>();
  for (const route of routes) {
    const fixed = route.segments.filter((segment) => !segment.startsWith(':'));
    const name = camelCase(fixed.join('-')) || 'page';
    const given = parametersOf(route).map(capitalised).join('And');
    identifiers.set(identifiers.has(name) ? `${name}By${given}` : name, route);
  }
  return new Map([...identifiers].map(([identifier, route]) => [route, identifier]));
}

function camelCase(text: string): string {
  const [first = '', ...others] = text.split(/[^a-zA-Z]+/).filter((word) => word !== '');
  return first + others.map(capitalised).join('');
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function parametersOf({ segments }: Route): string[] {
  const names = segments.filter((segment) => segment.startsWith(':'));
  return names.map((segment) => segment.slice(1));
}

function pathItem(route: Route, identifier: string): object {
  const { path = {}, tag, summary, summaries } = ENDPOINTS[route.endpoint];
  const parameters = [
    ...parametersOf(route).map((name) => component('parameters', `path.${path[name] ?? name}`)),
    ...queriesOf(route).map((name) => component('parameters', `query.${name}`)),
  ];
  const responses = Object.fromEntries(
    Object.entries(responsesOf(route)).map(([status, { name }]) => [
      status,
      component('responses', name),
    ]),
  );
  const operation = {
    tags: [tag],
    summary: summaries?.[route.pattern] ?? summary,
    responses,
    ...(needOf(route.endpoint) === 'open' && { security: [] }),
  };
  const other = capitalised(identifier);
  return {
    ...(parameters.length > 0 && { parameters }),
    get: { operationId: identifier, ...operation },
    ...(isControl(route) && { post: { operationId: `post${other}`, ...operation } }),
    head: {
      operationId: `head${other}`,
      responses: { default: component('responses', 'Head') },
    },
    options: {
      operationId: `options${other}`,
      responses: { 200: component('responses', 'Options') },
    },
  };
}

function queriesOf(route: Route): QueryName[] {
  const { queries = [] } = ENDPOINTS[route.endpoint];
  const names = parametersOf(route);
  return queries.filter((name) => {
    const { beside }: DescribedParameter = QUERIES[name];
    return beside === undefined || names.includes(beside);
  });
}

/** With 400 where a parameter can be refused. */
function responsesOf(route: Route): Readonly<Record<string, DescribedResponse>> {
  const { responses } = ENDPOINTS[route.endpoint];
  const isRefusable = (name: QueryName): boolean => {
    const query: DescribedParameter = QUERIES[name];
    return query.isLenient !== true;
  };
  const canBeRefused = parametersOf(route).length > 0 || queriesOf(route).some(isRefusable);
  return { ...responses, ...(canBeRefused && { 400: BAD_REQUEST }) };
}

function responseObject(response: DescribedResponse): JsonSchema {
  const { description, contentTypes, body, example } = response;
  if (body === undefined) return { description };
  const media = {
    schema: component('schemas', body),
    ...(example !== undefined && { example }),
  };
  return { description, content: Object.fromEntries(contentTypes.map((type) => [type, media])) };
}

function parameterObjects(
  place: 'path' | 'query',
  parameters: Readonly<Record<PathParameterName | QueryName | string, DescribedParameter>>,
): object {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, parameter]) => {
      const { name = key, description, schema, required, isCommaList } = parameter;
      return [
        `${place}.${key}`,
        {
          ...{ name, in: place, description, schema },
          ...((place === 'path' || required) && { required: true }),
          ...(isCommaList && { style: 'form', explode: false }),
        },
      ];
    }),
  );
}
