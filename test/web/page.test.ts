/** The page in a real browser: every zone, the keyboard, and what goes wrong. */
import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { needPrograms } from '../support/needs.js';
import { PageCluster } from '../support/page-cluster.js';
import { PageVisits } from '../support/page-visit.js';
import { startShippedHAProxy } from '../support/shipped-haproxy.js';
import { until } from '../support/until.js';

/** All files of the page, compressed. */
const BYTES_MAX = 150_000;

/** After `cut()` the page gets no stream. */
const CUTTABLE_STREAM = `{
  const { fetch } = globalThis;
  const cut = new AbortController();
  globalThis.cut = () => cut.abort();
  globalThis.fetch = (url, init) => {
    const signals = [cut.signal, ...(init?.signal ? [init.signal] : [])];
    return fetch(url, url === '/web/stream' ? { ...init, signal: AbortSignal.any(signals) } : init);
  };
}`;

/** Of the sentence and of the stores, with what they are in. */
const OPACITIES = `[...document.querySelectorAll('.headline, #stores')].map((element) => {
  let opacity = 1;
  for (let at = element; at !== null; at = at.parentElement) {
    opacity *= Number(getComputedStyle(at).opacity);
  }
  return opacity;
})`;

/** The colours of lines that are drawn from now on. */
const RECORD_STROKES = `{
  globalThis.strokes = new Set();
  const { prototype } = CanvasRenderingContext2D;
  const { stroke } = prototype;
  prototype.stroke = function (...path) {
    strokes.add(this.strokeStyle);
    return stroke.apply(this, path);
  };
}`;

describe('the page', function () {
  this.timeout(60_000);

  let visits: PageVisits;
  let cluster: PageCluster;
  let leader: FrenoNode;

  before(async function () {
    needPrograms(this, 'chromium', 'haproxy');
    visits = await PageVisits.start();
    cluster = await PageCluster.start({ nodes: 3, stores: 13, hosts: 30 });
    leader = await cluster.leader();
  });

  after(async () => {
    await visits?.stop();
    await cluster?.stop();
  });

  afterEach(() => visits.close());

  const openLive = (options: BrowserContextOptions = {}, address = ''): Promise<Page> =>
    visits.openLive(`${leader.url}/${address}`, options);

  it('says what is wrong, because of which host, the worst store first', async () => {
    const page = await openLive();
    expect(await page.locator('#headline').innerText()).to.equal('2 of 14 stores hold jobs back');
    expect(await page.title()).to.contain('2 of 14 stores hold jobs back');
    const rows = await page.locator('#stores tbody').allInnerTexts();
    expect(rows[0]).to.match(/main3[\s\S]*lag 8.2 s above 1 s (?:for \d+ s )?because of/);
    expect(rows[0]).to.contain(cluster.worstHost);
    expect(rows[1]).to.match(/audit[\s\S]*error/);
    expect(await page.locator('#more-stores').innerText()).to.equal(
      '… 4 stores more, which are fine',
    );
    expect(await page.locator('#cluster-summary').innerText()).to.match(
      /leader .*, term \d+ · 3 of 3 nodes/,
    );
    expect(await page.locator('#standing').innerText()).to.equal('● live');
    await visits.shoot('light');
    await visits.expectAccessible();
  });

  it('opens a store in place by the keyboard, at an address of its own', async () => {
    const page = await openLive();
    await page.keyboard.press('/');
    await page.keyboard.type('MAIN3');
    await until(async () => (await page.locator('#stores tbody').count()) === 1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(page.url()).to.contain('#/stores/mysql/main3');
    const worst = page.locator('.hosts tbody tr').first();
    await worst.waitFor();
    expect(await worst.innerText()).to.match(/^▸\s+127[\d.:]+\s+lag 8.2 s\s+\d+ ms\s+counts$/);
    expect(await page.locator('.hosts tbody tr').count()).to.equal(25);
    await page.getByText('6 hosts more').click();
    await until(async () => (await page.locator('.hosts tbody tr').count()) === 31);
    expect(await page.locator('.plot').count()).to.be.greaterThan(0);
    await visits.shoot('store', true);
    await visits.expectAccessible();
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('#stores tbody').count()) > 1);
    await page.keyboard.press('Escape');
    await page.locator('.detail').waitFor({ state: 'detached' });
  });

  it('takes keys as keys again when Escape has left the search', async () => {
    const page = await openLive();
    await page.keyboard.press('/');
    await page.keyboard.type('main3');
    await page.keyboard.press('Escape');
    expect(await page.inputValue('#search')).to.equal('');
    await page.keyboard.press('?');
    await page.locator('#keys-dialog[open]').waitFor();
    expect(await page.inputValue('#search')).to.equal('');
  });

  it('finds a store by a host of it', async () => {
    const page = await openLive();
    const host = cluster.fleet.hosts[7]!;
    await page.fill('#search', host);
    await page.getByText(`(it has ${host})`).waitFor();
    expect(await page.locator('#stores tbody').count()).to.equal(1);
    expect(await page.locator('#stores .row-link').innerText()).to.equal('main3');
    await page.fill('#search', 'nosuch');
    await page.getByText('No store is called “nosuch”. No store has such a host').waitFor();
  });

  it('gives an address precedence over a search, and says that it names no store', async () => {
    const page = await openLive();
    await page.fill('#search', 'audit');
    await until(async () => (await page.locator('#stores tbody').count()) === 1);
    await page.evaluate("location.hash = '#/stores/mysql/main3'");
    await page.locator('.detail').waitFor();
    expect(await page.inputValue('#search')).to.equal('');
    await page.evaluate("location.hash = '#/stores/mysql/nothere'");
    await page.getByText('No store is called nothere.').waitFor();
    await page.getByRole('link', { name: 'Dismiss' }).click();
    await page.getByText('No store is called nothere.').waitFor({ state: 'hidden' });
  });

  it('shows the latest values below the plots, on an axis as long as what is known', async () => {
    const page = await openLive({}, '#/stores/mysql/main3');
    const legend = page.locator('.plot .legend').first();
    await legend.getByText('8.2 s').waitFor();
    expect(await legend.innerText()).to.match(/value 8.2 s\s+threshold 1 s\s+now/);
    const { x, y, width, height } = (await page.locator('.plot .u-over').first().boundingBox())!;
    await page.mouse.move(x + width - 20, y + height / 2);
    await legend.getByText(/at \d\d:\d\d:\d\d/).waitFor();
  });

  it('opens by an address, also a store that is fine', async () => {
    const page = await openLive({}, '#/stores/mysql/main12');
    await page.locator('.hosts tbody tr').first().waitFor();
    expect(await page.locator('.store:has(.detail) .row-link').innerText()).to.equal('main12');
  });

  it('is readable in the dark, on a phone and in print', async () => {
    const page = await openLive({ colorScheme: 'dark' }, '#/stores/mysql/main3');
    await page.locator('.hosts tbody tr').first().waitFor();
    await visits.shoot('dark', true);
    await visits.expectAccessible();
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    await visits.shoot('print', true);
  });

  it('greys what is old, not that it is old, and prints it black on white', async () => {
    const page = await visits.newPage({ colorScheme: 'dark' });
    await page.addInitScript(CUTTABLE_STREAM);
    await page.goto(`${leader.url}/#/stores/mysql/main3`);
    await page.locator('.hosts tbody tr').first().waitFor();
    await page.evaluate('cut()');
    await page.locator('body.stale').waitFor();
    expect(await page.evaluate(OPACITIES)).to.deep.equal([1, 0.62]);
    await page.evaluate(RECORD_STROKES);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).color')).to.equal('rgb(0, 0, 0)');
    // The plots are drawn again, although nothing new has come.
    await until(() => page.evaluate('strokes.has("#e6e9ed")'));
    expect(await page.evaluate('strokes.has("#242a32")')).to.equal(false);
    await visits.shoot('print-lost', true);
  });

  it('fits a phone, also with an open store', async () => {
    const viewport = { width: 390, height: 844 };
    const page = await openLive({ viewport, hasTouch: true }, '#/stores/mysql/main3');
    const host = page.locator('.hosts tbody tr').first();
    await host.waitFor();
    await visits.shoot('phone', true);
    await visits.expectAccessible();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).to.equal(390);
    // A name is not broken, and its mark stands beside it.
    const name = (await host.locator('th').boundingBox())!;
    const mark = (await host.locator('.glyph').boundingBox())!;
    expect(name.height).to.be.lessThan(30);
    expect(Math.abs(mark.y - name.y)).to.be.lessThan(5);
  });

  for (const width of [1_360, 900, 390]) {
    it(`opens the list of nodes and moves nothing in the bar, ${width} pixels wide`, async () => {
      const page = await openLive({ viewport: { width, height: 844 } });
      const places = async () => {
        const found = ['.nodes summary', '#standing', '#search'].map(async (selector) => {
          const { x, y } = (await page.locator(selector).boundingBox())!;
          return { selector, x, y };
        });
        return (await Promise.all(found)).slice(0, width > 800 ? 3 : 2);
      };
      const before = await places();
      await page.click('.nodes summary');
      await page.locator('#yield').waitFor();
      expect(await places()).to.deep.equal(before);
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width);
    });
  }

  it('loads less than 150 KB, and nothing from elsewhere', async () => {
    const page = await visits.newPage();
    let bytes = 0;
    page.on('response', (response) => {
      expect(response.url().startsWith(leader.url)).to.equal(true);
      // The files of the page: how much there is to tell of the stores is not its weight.
      const { pathname } = new URL(response.url());
      if (pathname !== '/' && !pathname.startsWith('/web/')) return;
      bytes += Number(response.headers()['content-length'] ?? 0);
    });
    await page.goto(`${leader.url}/`);
    await page.locator('#headline.bad').waitFor();
    expect(bytes).to.be.greaterThan(20_000).and.lessThan(BYTES_MAX);
  });

  it('says on a follower where the leader is', async () => {
    const follower = cluster.nodes.find((node) => node !== leader)!;
    const page = await visits.open(`${follower.url}/`);
    await page.locator('#headline', { hasText: `127.0.0.1:${leader.port} leads` }).waitFor();
    expect(await page.getAttribute('#leader-page', 'href')).to.equal(`${leader.url}/`);
    await visits.shoot('follower');
    await visits.expectAccessible();
  });

  it('goes on with the next leader when the leader is killed, behind HAProxy', async () => {
    const haproxy = await startShippedHAProxy(cluster.nodes);
    try {
      const url = `http://127.0.0.1:${haproxy.port}`;
      const page = await visits.open(`${url}/`);
      await page.locator('#headline.bad').waitFor();
      leader.process.signal('SIGKILL');
      await page.locator('body.stale').waitFor();
      await page.locator('#headline', { hasText: 'No news' }).waitFor();
      await visits.shoot('lost');
      await page.locator('body:not(.stale)').waitFor();
      await page.locator('#headline.bad', { hasText: '2 of 14 stores' }).waitFor();
      const killed = leader;
      leader = await cluster.leader();
      expect(leader).not.to.equal(killed);
      await page.locator('#cluster-summary', { hasText: '2 of 3 nodes' }).waitFor();

      await page.click('.nodes summary');
      await page.click('#yield');
      await page.fill('#act-form [name=owner]', 'oncall');
      await page.click('#act-submit');
      const ports = cluster.nodes.map(({ port }) => port);
      const next = ports.find((port) => port !== leader.port && port !== killed.port);
      await page.getByText(`Done: 127.0.0.1:${next} leads now.`).waitFor();
      await page.click('#act-close');
      await page.locator('#cluster-summary', { hasNotText: String(leader.port) }).waitFor();
      await page.locator('#headline.bad', { hasText: '2 of 14 stores' }).waitFor();
      killed.start();
    } finally {
      await haproxy.stop();
      leader = await cluster.leader();
    }
  });

  it('says that there is no majority', async () => {
    const page = await openLive();
    const others = cluster.nodes.filter((node) => node !== leader);
    await Promise.all(others.map((node) => node.stop()));
    await page
      .locator('#headline', { hasText: 'No majority: 2 of 3 nodes needed, 1 reached' })
      .waitFor();
    await page.click('.nodes summary');
    await visits.shoot('no-majority');
    await visits.expectAccessible();
  });
});
