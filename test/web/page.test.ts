/** The page in a real browser: every zone, every form, the keyboard, and what goes wrong. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { startBrowser } from '../support/browser.js';
import { fetchOnce } from '../support/http-client.js';
import { needPrograms } from '../support/needs.js';
import { PageCluster } from '../support/page-cluster.js';
import { startShippedHAProxy } from '../support/shipped-haproxy.js';
import { until } from '../support/until.js';

const SHOTS = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MARKUP = '<img src=x onerror="document.title=1">';

/** All files of the page, compressed. */
const BYTES_MAX = 150_000;

describe('the page', function () {
  this.timeout(60_000);

  let browser: Browser;
  let cluster: PageCluster;
  let leader: FrenoNode;
  let page: Page;
  let faults: string[];

  before(async function () {
    needPrograms(this, 'chromium', 'haproxy');
    mkdirSync(SHOTS, { recursive: true });
    browser = await startBrowser();
    cluster = await PageCluster.start({ nodes: 3, stores: 13, hosts: 30 });
    leader = await cluster.leader();
  });

  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  beforeEach(() => {
    faults = [];
  });

  afterEach(async () => {
    await page?.context().close();
    expect(faults).to.deep.equal([]);
  });

  async function open(url: string, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({
      viewport: { width: 1360, height: 900 },
      ...options,
    });
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) faults.push(message.text());
    });
    await page.goto(url);
  }

  async function openLive(options: BrowserContextOptions = {}, address = ''): Promise<void> {
    await open(`${leader.url}/${address}`, options);
    await page.locator('#headline.bad').waitFor();
  }

  const shoot = (name: string, fullPage = false) =>
    page.screenshot({ path: `${SHOTS}${name}.png`, fullPage });

  const headline = () => page.locator('#headline').innerText();

  async function expectAccessible(): Promise<void> {
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: Array<{ id: string; nodes: unknown[] }> }> };
      };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes).slice(0, 600)}`);
    });
    expect(found).to.deep.equal([]);
  }

  async function send(form: string, values: Record<string, string>): Promise<string> {
    await page.click(`#new-${form}`);
    for (const [name, value] of Object.entries(values)) await page.fill(`[name=${name}]`, value);
    await page.click('#entry-submit');
    await page.locator('#entry-answer p').first().waitFor();
    const answer = await page.locator('#entry-answer').innerText();
    await page.click('#entry-close');
    return answer;
  }

  const entry = (text: string) => page.locator('#entries li', { hasText: text });

  it('says what is wrong, because of which host, the worst store first', async () => {
    await openLive();
    expect(await headline()).to.equal('2 of 14 stores hold jobs back');
    expect(await page.title()).to.contain('2 of 14 stores hold jobs back');
    const rows = await page.locator('#stores tbody').allInnerTexts();
    expect(rows[0]).to.match(/main3[\s\S]*lag 8.2 s above 1 s for \d+ s because of/);
    expect(rows[0]).to.contain(cluster.worstHost);
    expect(rows[1]).to.match(/audit[\s\S]*error/);
    expect(await page.locator('#more-stores').innerText()).to.equal(
      '… 4 stores more, which are fine',
    );
    expect(await page.locator('#cluster-summary').innerText()).to.match(
      /leader .*, term \d+ · 3 of 3 nodes/,
    );
    expect(await page.locator('#standing').innerText()).to.equal('● live');
    await shoot('light');
    await expectAccessible();
  });

  it('opens a store in place by the keyboard, at an address of its own', async () => {
    await openLive();
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
    await shoot('store', true);
    await expectAccessible();
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('#stores tbody').count()) > 1);
    await page.keyboard.press('Escape');
    await page.locator('.detail').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.locator('#keys-dialog[open]').waitFor();
  });

  it('opens by an address, also a store that is fine', async () => {
    await openLive({}, '#/stores/mysql/main12');
    await page.locator('.hosts tbody tr').first().waitFor();
    expect(await page.locator('.store:has(.detail) .row-link').innerText()).to.equal('main12');
  });

  it('throttles, changes and lifts, and says before what it would match', async () => {
    await fetchOnce(leader.port, '/check/etl/mysql/main1');
    await openLive();
    await page.click('#new-ThrottledApps');
    await page.fill('[name=app]', 'etl');
    await page.getByText('This app has asked in the last 24 hours.').waitFor();
    await page.fill('[name=app]', 'etk');
    await page.getByText('No app of this name has asked').waitFor();
    await shoot('form');
    await expectAccessible();
    await page.click('#entry-close');

    const answer = await send('ThrottledApps', {
      ...{ app: 'etl', store: 'main1', ratio: '40', minutes: '12' },
      ...{ reason: 'backfill', owner: 'oncall' },
    });
    expect(answer).to.match(/^200 OK AppSeen: true; StoreConfigured: true/);
    expect(answer).to.contain(`curl -X POST '${leader.url}/unthrottle-app/etl?store_name=main1'`);
    const item = entry('etl/main1');
    await item.waitFor();
    expect(await item.innerText()).to.match(/throttled, 40 %, 12 min/);
    expect(await item.innerText()).to.contain('by oncall: “backfill”');
    await page.locator('#events li', { hasText: 'etl/main1: app throttled' }).waitFor();

    await item.getByRole('button', { name: 'change' }).click();
    expect(await page.inputValue('[name=ratio]')).to.equal('40');
    await page.fill('[name=ratio]', '60');
    await page.click('#entry-submit');
    await page.locator('#entry-answer p').first().waitFor();
    await page.click('#entry-close');
    await entry('60 %').waitFor();
    await entry('etl/main1').getByRole('button', { name: 'lift' }).click();
    await entry('etl/main1').waitFor({ state: 'detached' });
  });

  it('exempts an app, sets a threshold and skips a host', async () => {
    await openLive();
    expect(await send('ExemptedApps', { app: 'hotfix', minutes: '5' })).to.match(/^200 OK/);
    await entry('hotfix').waitFor();
    const set = { store: 'main2', threshold: '5', minutes: '5' };
    expect(await send('Thresholds', set)).to.match(/^200 OK Metric: lag/);
    await entry('mysql/main2').waitFor();
    expect(await entry('mysql/main2').innerText()).to.contain('threshold 5');
    const refused = await send('Thresholds', { ...set, store: 'nosuch' });
    expect(refused).to.match(/^404 .*nosuch/);

    const [, other] = cluster.fleet.hosts;
    await page.click('#new-SkippedHosts');
    await page.fill('[name=host]', other!);
    await page.getByText(`Matches 1 host (${other}) of mysql/main3.`).waitFor();
    await page.click('#entry-submit');
    await page.locator('#entry-answer .done').waitFor();
    await page.click('#entry-close');
    await entry(other!).waitFor();
    for (const key of ['hotfix', 'mysql/main2', other!]) {
      await entry(key).getByRole('button', { name: 'lift' }).click();
      await entry(key).waitFor({ state: 'detached' });
    }
  });

  it('asks once more before it throttles every app or empties a store', async () => {
    await openLive();
    await page.click('#new-ThrottledApps');
    await page.fill('[name=app]', '*');
    await page.locator('#entry-confirm').waitFor();
    await page.click('#entry-submit');
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
    await page.fill('[name=confirmation]', '*');
    await page.click('#entry-submit');
    await page.locator('#entry-answer .done').waitFor();
    await page.click('#entry-close');
    await page.locator('#headline', { hasText: 'Every app is throttled' }).waitFor();
    await entry('every app').getByRole('button', { name: 'lift' }).click();
    await entry('every app').waitFor({ state: 'detached' });

    const [only] = cluster.fleet.hosts;
    await page.click('#new-SkippedHosts');
    await page.fill('[name=host]', only!);
    await page.getByText('without any host').first().waitFor();
    await page.locator('#entry-confirm').waitFor();
    await page.click('#entry-submit');
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
  });

  it('shows names that contain markup as text', async () => {
    const app = encodeURIComponent(MARKUP);
    await fetchOnce(leader.port, `/check/${app}/mysql/main3`);
    const note = `reason=${app}&owner=${app}`;
    await fetchOnce(leader.port, `/throttle-app/${app}/ttl/5?${note}`);
    await openLive();
    await entry(MARKUP).waitFor();
    expect(await entry(MARKUP).innerText()).to.contain(`by ${MARKUP}: “${MARKUP}”`);
    expect(await page.locator('main img').count()).to.equal(0);
    expect(await page.title()).not.to.equal('1');
    await entry(MARKUP).getByRole('button', { name: 'lift' }).click();
    await entry(MARKUP).waitFor({ state: 'detached' });
  });

  it('shows who waits and why, what is in force, and what has happened', async () => {
    const asking = [
      ['nightly-archive', 'main3'],
      ['gh-ost:orders', 'main3'],
      ['reindex', 'main1'],
      ['purge', 'main2'],
    ] as const;
    const ask = async (): Promise<void> => {
      for (const [app, store] of asking)
        await fetchOnce(leader.port, `/check/${app}/mysql/${store}`);
    };
    const skipped = cluster.fleet.hosts[1]!;
    const commands = [
      '/throttle-app/purge/ttl/12?owner=oncall&reason=backfill+first',
      `/skip-host/${skipped}/ttl/41?owner=jane&reason=rebuild`,
      '/set-threshold/mysql/main5/2/ttl/30?owner=oncall&reason=migration',
    ];
    for (const command of commands) await fetchOnce(leader.port, command);
    await ask();
    await openLive({ viewport: { width: 1360, height: 860 } });
    await until(async () => {
      await ask();
      const first = await page.locator('#apps tr').first().innerText();
      return /waits (?:[3-9]|\d\d+) s: lag on 127/.test(first);
    });
    const rows = await page.locator('#apps tr').allInnerTexts();
    expect(rows.find((row) => row.startsWith('purge'))).to.contain('throttled (purge)');
    expect(rows.find((row) => row.startsWith('reindex'))).to.contain('goes on');
    expect(await page.locator('#stores tbody').first().innerText()).to.match(/\d apps wait/);
    expect(await page.locator('#entries li').count()).to.equal(3);
    await shoot('picture');
    for (const key of ['purge', 'mysql/main5', skipped]) {
      await entry(key).getByRole('button', { name: 'lift' }).click();
      await entry(key).waitFor({ state: 'detached' });
    }
  });

  it('is readable in the dark, on a phone and in print', async () => {
    await openLive({ colorScheme: 'dark' }, '#/stores/mysql/main3');
    await page.locator('.hosts tbody tr').first().waitFor();
    await shoot('dark', true);
    await expectAccessible();
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    await shoot('print', true);
    await page.context().close();

    await openLive({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await shoot('phone', true);
    await expectAccessible();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).to.equal(390);
  });

  it('loads less than 150 KB, and nothing from elsewhere', async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    let bytes = 0;
    page.on('response', (response) => {
      expect(response.url().startsWith(leader.url)).to.equal(true);
      bytes += Number(response.headers()['content-length'] ?? 0);
    });
    await page.goto(`${leader.url}/`);
    await page.locator('#headline.bad').waitFor();
    expect(bytes).to.be.greaterThan(20_000).and.lessThan(BYTES_MAX);
  });

  it('says on a follower where the leader is', async () => {
    const follower = cluster.nodes.find((node) => node !== leader)!;
    await open(`${follower.url}/`);
    await page.locator('#headline', { hasText: `127.0.0.1:${leader.port} leads` }).waitFor();
    expect(await page.getAttribute('#leader-page', 'href')).to.equal(`${leader.url}/`);
    await shoot('follower');
    await expectAccessible();
  });

  it('goes on with the next leader when the leader is killed, behind HAProxy', async () => {
    const haproxy = await startShippedHAProxy(cluster.nodes);
    try {
      const url = `http://127.0.0.1:${haproxy.port}`;
      await open(`${url}/`);
      await page.locator('#headline.bad').waitFor();
      leader.process.signal('SIGKILL');
      await page.locator('body.stale').waitFor();
      await page.locator('#headline', { hasText: 'No news' }).waitFor();
      await shoot('lost');
      await page.locator('body:not(.stale)').waitFor();
      await page.locator('#headline.bad', { hasText: '2 of 14 stores' }).waitFor();
      const killed = leader;
      leader = await cluster.leader();
      expect(leader).not.to.equal(killed);
      await page.locator('#cluster-summary', { hasText: '2 of 3 nodes' }).waitFor();

      await page.click('.nodes summary');
      await page.click('#yield');
      await page.locator('#cluster-summary', { hasNotText: String(leader.port) }).waitFor();
      await page.locator('#headline.bad', { hasText: '2 of 14 stores' }).waitFor();
      killed.start();
    } finally {
      await haproxy.stop();
      leader = await cluster.leader();
    }
  });

  it('says that there is no majority', async () => {
    await openLive();
    const others = cluster.nodes.filter((node) => node !== leader);
    await Promise.all(others.map((node) => node.stop()));
    await page
      .locator('#headline', { hasText: 'No majority: 2 of 3 nodes needed, 1 reached' })
      .waitFor();
    await page.click('.nodes summary');
    await shoot('no-majority');
    await expectAccessible();
  });
});

describe('the page of a thousand stores, a thousand hosts and five hundred apps', function () {
  this.timeout(60_000);

  let browser: Browser;
  let cluster: PageCluster;

  before(async function () {
    needPrograms(this, 'chromium');
    mkdirSync(SHOTS, { recursive: true });
    browser = await startBrowser();
    cluster = await PageCluster.start({
      ...{ nodes: 1, stores: 1_000, hosts: 1_000, cacheMillis: 1_000 },
    });
  });

  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  it('shows those that matter, and finds the others', async () => {
    const [node] = cluster.nodes;
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
    await page.goto(`${node!.url}/`);
    await page.locator('#headline', { hasText: '2 of 1,001 stores hold jobs back' }).waitFor();
    await until(async () => (await page.locator('#stores tbody').count()) < 30);
    await page.locator('#more-stores', { hasText: '991 stores more, which are fine' }).waitFor();
    await page.screenshot({ path: `${SHOTS}thousand.png` });
    const asked = Array.from({ length: 500 }, (_, app) => `/check/app${app}/mysql/main3`);
    await Promise.all(asked.map((path) => fetchOnce(node!.port, path)));
    await page.locator('#more-apps', { hasText: '489 apps more' }).waitFor();
    expect(await page.locator('#apps tr').count()).to.equal(12);
    await page.locator('a.row-link', { hasText: /^main3$/ }).click();
    await page.getByText('1,001 hosts, the worst first').waitFor();
    await page.getByText('… 976 hosts more, which are better').waitFor();
    expect(await page.locator('.hosts tbody tr').count()).to.equal(25);
    await page.screenshot({ path: `${SHOTS}thousand-hosts.png` });
    await page.keyboard.press('Escape');
    await page.fill('#search', 'main98');
    await page.getByRole('link', { name: 'main987' }).waitFor();
    expect(await page.locator('#stores tbody').count()).to.equal(11);
    await page.fill('#search', 'nosuch');
    await page.getByText('No store is called “nosuch”.').waitFor();
  });
});
