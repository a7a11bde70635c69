/** Commands from a real browser: those that pages of other sites send are refused. */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { needPrograms, programPath } from '../support/needs.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

/** Every way in which a page sends a request, each for an app of its own. */
const ATTACKS = [
  'image',
  'script',
  'link',
  'form-get',
  'form-post',
  'fetch-get',
  'fetch-post',
  'fetch-get-no-cors',
  'fetch-post-no-cors',
  'beacon',
  'frame',
];

/** Sends all requests of `ATTACKS` to the node. */
function attackPage(freno: string, head: string): string {
  const to = (attack: string): string => `${freno}/throttle-app/${attack}`;
  return `<!doctype html><title>other site</title>${head}
<img src="${to('image')}"><script src="${to('script')}"></script>
<iframe src="${to('frame')}"></iframe>
<iframe name="link"></iframe><iframe name="get"></iframe><iframe name="post"></iframe>
<a id="link" target="link" href="${to('link')}">a link</a>
<form id="get" target="get" action="${to('form-get')}"><input name="a" value="b"></form>
<form id="post" target="post" method="post" action="${to('form-post')}"></form>
<script>
  document.getElementById('link').click();
  document.getElementById('get').submit();
  document.getElementById('post').submit();
  for (const [attack, options] of [
    ['fetch-get', {}],
    ['fetch-post', { method: 'POST' }],
    ['fetch-get-no-cors', { mode: 'no-cors' }],
    ['fetch-post-no-cors', { mode: 'no-cors', method: 'POST' }],
  ]) fetch('${freno}/throttle-app/' + attack, options).catch(() => {});
  navigator.sendBeacon('${to('beacon')}');
</script>`;
}

for (const engine of ENGINES) {
  describe(`commands from a browser to the ${engine} engine`, () => {
    let front: TestFront;
    let browser: Browser;
    let page: Page;
    let otherSite: Server;
    let otherPort: number;
    let content = '';

    before(async function () {
      needPrograms(this, 'chromium', 'curl');
      front = await TestFront.start(engine);
      browser = await startBrowser();
      otherSite = createServer((_, res) => {
        res.setHeader('Content-Type', 'text/html').end(content);
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => otherSite.once('listening', resolve));
      otherPort = (otherSite.address() as AddressInfo).port;
    });

    beforeEach(async () => {
      front.mainRequests.length = 0;
      front.reports.length = 0;
      page = await browser.newPage();
    });

    afterEach(() => page.close());

    after(async () => {
      await browser?.close();
      otherSite?.closeAllConnections();
      otherSite?.close();
      front?.stop();
    });

    /** The apps of the commands that were refused with 403. */
    function refused(): string[] {
      const apps = front.reports.flatMap((report) =>
        report.kind === 'refusedCommand' && report.refusal.status === 403
          ? [report.refusal.path.slice('/throttle-app/'.length)]
          : [],
      );
      return [...new Set(apps)].sort();
    }

    /** Sends a command from a script of the page; resolves with the status of the response. */
    function fetchFromPage(path: string, method: string): Promise<number> {
      const request = async ([to, by]: readonly [string, string]): Promise<number> =>
        (await fetch(to, { method: by })).status;
      return page.evaluate(request, [path, method] as const);
    }

    const heads = { '': 'with', '<meta name="referrer" content="no-referrer">': 'without' };
    for (const [head, referrer] of Object.entries(heads)) {
      for (const [freno, other] of [
        ['127.0.0.1', '127.0.0.1'],
        ['127.0.0.1', 'other.test'],
        ['freno.test', 'other.test'],
      ] as const) {
        it(`refuses those of a page at ${other} to ${freno}, ${referrer} Referer`, async () => {
          content = attackPage(`http://${freno}:${front.port}`, head);
          await page.goto(`http://${other}:${otherPort}/`);
          await until(
            () => refused().length === ATTACKS.length,
            undefined,
            () => refused().join(),
          );
          expect(refused()).to.deep.equal([...ATTACKS].sort());
          expect(front.mainRequests).to.deep.equal([]);
          expect(front.state.hasThrottledApps).to.equal(false);
        });
      }
    }

    for (const host of ['127.0.0.1', 'freno.test']) {
      it(`accepts those of a page of freno itself at ${host}`, async () => {
        await page.goto(`http://${host}:${front.port}/lb-check`);
        for (const method of ['GET', 'POST']) {
          expect(await fetchFromPage('/throttle-app/own/ttl/1', method), method).to.equal(200);
        }
        expect(front.mainRequests).to.have.length(2);
      });
    }

    it('accepts one that the operator types as an address that the browser trusts', async () => {
      const response = await page.goto(`http://127.0.0.1:${front.port}/unthrottle-app/own`);
      expect(response?.status()).to.equal(200);
    });

    it('refuses one that is typed over plain HTTP, which a page could send alike', async () => {
      const response = await page.goto(`http://freno.test:${front.port}/unthrottle-app/own`);
      expect(response?.status()).to.equal(403);
      expect(await response?.text()).to.include('curl');
      expect(front.mainRequests).to.deep.equal([]);
    });

    it('accepts those of curl', async () => {
      const url = `http://127.0.0.1:${front.port}/throttle-app/own`;
      for (const flags of [[], ['--head'], ['--request', 'POST'], ['--data', 'a=b']]) {
        const output = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
        const { stdout } = await run(programPath('curl'), [...output, ...flags, url]);
        expect(stdout, flags.join(' ')).to.equal('200');
      }
      expect(front.mainRequests).to.have.length(4);
    });
  });
}
