/** Where the client runs: it uses nothing that only Node.js has, and the package exports it. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import { checkBody, type Respond, respondWith } from '../support/check-responses.js';
import { expectNone } from '../support/expect-none.js';
import { needPrograms } from '../support/needs.js';
import { Pages } from '../support/pages.js';
import { loadsOf, readFromRoot } from '../support/sources.js';

const ENTRY = 'src/client/index.ts';
const COMPILED = new URL('../../', import.meta.url);

/** The files that are loaded with one of them, itself included. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  for (const { to } of loadsOf(file)) if (!seen.has(to)) loadedWith(to, seen);
  return seen;
}

describe('the client', () => {
  const files = [...loadedWith(ENTRY)];

  it('imports no package and no module of Node.js', () => {
    expect(files.length).to.be.greaterThan(5);
    const foreign = files.flatMap((file) =>
      [...readFromRoot(file).matchAll(/(?:from|import)\s*\(?\s*'([^.'][^']*)'/g)].map(
        ([, name]) => `${file} imports ${name}`,
      ),
    );
    expectNone(foreign);
  });

  it('is compiled with the types of browsers alone', () => {
    const { compilerOptions, include } = JSON.parse(readFromRoot('tsconfig.client.json')) as {
      readonly compilerOptions: { readonly types: string[]; readonly lib: string[] };
      readonly include: string[];
    };
    expect(compilerOptions.types).to.deep.equal([]);
    expect(compilerOptions.lib).to.include('dom');
    expect(include).to.deep.equal(['src/client']);
    expect(readFromRoot('package.json')).to.include('tsc -p tsconfig.client.json');
  });

  it('is what the package exports, with types for each of its files', async () => {
    const own = await import('../../src/client/index.js');
    // By the name that other packages use, which the compiler would resolve before it is compiled.
    const name = 'freno/client';
    expect(await import(name)).to.equal(own);
    for (const file of files) readFileSync(new URL(file.replace(/\.ts$/, '.d.ts'), COMPILED));
    const { files: packed, exports } = JSON.parse(readFromRoot('package.json')) as {
      readonly files: string[];
      readonly exports: Readonly<Record<string, { readonly types: string }>>;
    };
    expect(packed).to.include('dist/src');
    expect(exports['./client']!.types).to.equal(`./dist/${ENTRY.replace(/\.ts$/, '.d.ts')}`);
  });

  describe('in a browser', () => {
    let browser: Browser;
    let pages: Pages;
    let respond: Respond;

    before(async function () {
      needPrograms(this, 'chromium');
      browser = await startBrowser();
      pages = await Pages.serve((request, response) => {
        if (request.url === '/') {
          response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
        } else if (request.url!.startsWith('/src/')) {
          const script = readFileSync(new URL(`.${request.url}`, COMPILED));
          response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
        } else respond(request, response);
      });
    });

    after(async () => {
      await browser?.close();
      await pages?.close();
    });

    it('waits for a yes, and takes none from a redirect or a page', async () => {
      let checks = 0;
      respond = (request, response) => {
        const { pathname } = new URL(request.url!, 'http://freno');
        if (pathname.startsWith('/check/redirected/')) {
          response.writeHead(302, { location: '/check/job/mysql/main' }).end();
        } else if (pathname.startsWith('/check/page/')) {
          respondWith(200, '<!doctype html>')(request, response);
        } else if (++checks < 3) respondWith(429, checkBody(429))(request, response);
        else respondWith(200, checkBody(200))(request, response);
      };
      const page = await browser.newPage();
      await page.goto(pages.url);
      const outcomes = await page.evaluate(async (servers): Promise<readonly string[]> => {
        const entry = '/src/client/index.js';
        const { FrenoClient } = (await import(entry)) as typeof import('../../src/client/index.js');
        const outcome = (app: string): Promise<string> =>
          new FrenoClient({ servers, app, store: 'main' }).waitFor({ maxWaitMs: 10_000 }).then(
            ({ answer }) => `permitted: ${answer?.permitted}`,
            (failure: { readonly code: string }) => failure.code,
          );
        return [await outcome('redirected'), await outcome('page'), await outcome('job')];
      }, pages.url);
      expect(outcomes).to.deep.equal(['NOT_FRENO', 'NOT_FRENO', 'permitted: true']);
    });
  });
});
