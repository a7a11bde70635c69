/**
 * The files of the page: read when they are first asked for, and kept in memory with their
 * compressed form.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type HandlerResponse, NOT_FOUND_RESPONSE, textResponse } from '../response.js';

const compress = promisify(gzip);

const ROOT = new URL('../../../../../', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The page at `/`. */
export const PAGE = 'index.html';

/**
 * Nothing but this node's own files, and nothing inline: a name that contains markup stays text,
 * whatever the page does with it (W3C Content Security Policy 3).
 */
const SECURITY_HEADERS = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
] as const;

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly compressed: Buffer;
  readonly tag: string;
}

/** What a request says of the form that it takes. */
export interface PageRequest {
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string;
}

export class PageFiles {
  #files: Promise<ReadonlyMap<string, PageFile>> | undefined;

  /** Of the file of that name, or 404. Rejects when the files cannot be read. */
  async respond(name: string, request: PageRequest): Promise<HandlerResponse> {
    const file = (await this.#readOnce()).get(name);
    if (file === undefined) return NOT_FOUND_RESPONSE;
    const { type, plain, compressed, tag } = file;
    const headers: Array<readonly [string, string]> = [
      ...SECURITY_HEADERS,
      ['Cache-Control', 'no-cache'],
      ['Vary', 'Accept-Encoding'],
      ['ETag', tag],
    ];
    const response = { ...textResponse(200, ''), contentType: type };
    if (request.ifNoneMatch === tag) return { ...response, status: 304, headers };
    if (!/\bgzip\b/.test(request.acceptEncoding)) return { ...response, headers, body: plain };
    return { ...response, headers: [...headers, ['Content-Encoding', 'gzip']], body: compressed };
  }

  /** Files that could not be read, without descriptors to spare, are read at the next request. */
  #readOnce(): Promise<ReadonlyMap<string, PageFile>> {
    this.#files ??= readAll().catch((cause: unknown) => {
      this.#files = undefined;
      throw cause;
    });
    return this.#files;
  }
}

async function readAll(): Promise<ReadonlyMap<string, PageFile>> {
  const places = [
    ...(await filesOf(new URL('resources/web/', ROOT))),
    ...(await filesOf(new URL('dist/src/web/', ROOT))),
    ['uplot.js', new URL('uPlot.esm.js', import.meta.resolve('uplot'))] as const,
    ['uplot.css', new URL('uPlot.min.css', import.meta.resolve('uplot'))] as const,
  ];
  return new Map(
    await Promise.all(
      places.map(async ([name, place]) => [name, await read(name, place)] as const),
    ),
  );
}

async function filesOf(folder: URL): Promise<Array<readonly [name: string, place: URL]>> {
  const names = await readdir(fileURLToPath(folder));
  return names
    .filter((name) => name.split('.').at(-1)! in TYPES)
    .map((name) => [name, new URL(name, folder)] as const);
}

async function read(name: string, place: URL): Promise<PageFile> {
  const plain = await readFile(place);
  const tag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  const type = TYPES[name.split('.').at(-1)!]!;
  return { type, plain, compressed: await compress(plain, { level: 9 }), tag };
}
