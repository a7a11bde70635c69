/**
 * The HTTP API as a document of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0), made from the routes of
 * the router and what is known of their endpoints.
 */
import { STATUS_CODES } from 'node:http';
import { version } from '../../../base/version.js';
import { isControl, ROUTES, type Route } from '../routes.js';
import { BODIES } from './bodies.js';
import { type DescribedResponse, ENDPOINTS } from './endpoints.js';
import { PATH_PARAMETERS, QUERIES } from './parameters.js';
import { named } from './schema.js';

const DESCRIPTION =
  'A cooperative throttler for writers: ask before each small batch, write on 200, else wait. ' +
  'HEAD works on every path that GET does; OPTIONS lists the methods of a path.';

/** As JSON. */
export function openApiDocument(): string {
  const paths = Object.fromEntries(ROUTES.map((route) => [templateOf(route), pathItem(route)]));
  return JSON.stringify({
    openapi: '3.1.0',
    info: {
      title: 'freno',
      description: DESCRIPTION,
      version: version(),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: ['Checks', 'Commands', 'State', 'Diagnostics', 'Page'].map((name) => ({ name })),
    paths,
    components: { schemas: BODIES },
  });
}

/** `/check/{app}/{storeType}/{storeName}` */
export function templateOf({ pattern }: Route): string {
  return pattern.replace(/:(\w+)/g, '{$1}');
}

function pathItem(route: Route): object {
  const parameters = route.segments
    .filter((segment) => segment.startsWith(':'))
    .map((segment) => {
      const name = segment.slice(1);
      const { description, schema } = PATH_PARAMETERS[name]!;
      return { name, in: 'path', required: true, description, schema };
    });
  return {
    ...(parameters.length > 0 && { parameters }),
    get: operation(route, 'get'),
    ...(isControl(route) && { post: operation(route, 'post') }),
  };
}

function operation(route: Route, method: string): object {
  const { tag, summary, queries, responses } = ENDPOINTS[route.endpoint];
  const parameters = queries.map((query) => {
    const { name = query, description, schema } = QUERIES[query];
    return { name, in: 'query', required: query === 'stores', description, schema };
  });
  return {
    operationId: `${method}${identifierOf(route)}`,
    tags: [tag],
    summary,
    ...(parameters.length > 0 && { parameters }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        responseObject(Number(status), response),
      ]),
    ),
  };
}

/** `CheckReadAppStoreTypeStoreNameThreshold` */
function identifierOf({ segments }: Route): string {
  const words = segments
    .join('-')
    .split(/\W+/)
    .filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return name === '' ? 'Page' : name;
}

function responseObject(status: number, { contentType, body }: DescribedResponse): object {
  return {
    description: STATUS_CODES[status],
    ...(body !== undefined && { content: { [contentType]: { schema: named(body) } } }),
  };
}
