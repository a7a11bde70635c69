/** The forms of the page in a real browser: what they say before and after a command. */
import { expect } from 'chai';
import type { BrowserContextOptions, Page, Route } from 'playwright-core';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { fetchOnce } from '../support/http-client.js';
import { needPrograms } from '../support/needs.js';
import { PageCluster } from '../support/page-cluster.js';
import { PageVisits } from '../support/page-visit.js';
import { until } from '../support/until.js';

/** Names of apps are what clients send. */
const MARKUP = '<img src=x onerror="document.title=1">';

describe('the forms of the page', function () {
  this.timeout(60_000);

  let visits: PageVisits;
  let cluster: PageCluster;
  let leader: FrenoNode;

  before(async function () {
    needPrograms(this, 'chromium');
    visits = await PageVisits.start();
    cluster = await PageCluster.start({ nodes: 1, stores: 5, hosts: 5 });
    leader = await cluster.leader();
  });

  after(async () => {
    await visits?.stop();
    await cluster?.stop();
  });

  afterEach(() => visits.close());

  const openLive = (options: BrowserContextOptions = {}): Promise<Page> =>
    visits.openLive(`${leader.url}/`, options);

  const events = async (): Promise<string> => (await fetchOnce(leader.port, '/events')).body;

  it('throttles and changes, and say before what they would match', async () => {
    await fetchOnce(leader.port, '/check/etl/mysql/main1');
    const page = await openLive();
    await page.click('#new-ThrottledApps');
    await page.fill('[name=app]', 'etl');
    await page.getByText('This app has asked in the last 24 hours.').waitFor();
    await page.fill('[name=app]', 'etk');
    await page.getByText('No app of this name has asked').waitFor();
    await visits.shoot('form');
    await visits.expectAccessible();
    await page.click('#entry-close');

    const answer = await visits.send('ThrottledApps', {
      ...{ app: 'etl', store: 'main1', ratio: '40', minutes: '12' },
      ...{ reason: 'backfill', owner: 'oncall' },
    });
    expect(answer).to.match(/^Done\. etl\/main1: throttled, 40 %, until \d\d:\d\d\./);
    expect(answer).to.contain(`curl -X POST '${leader.url}/unthrottle-app/etl?store_name=main1'`);
    const item = visits.entry('etl/main1');
    await item.waitFor();
    expect(await item.innerText()).to.match(/throttled, 40 %, 12 min by oncall: “backfill”/);
    const said =
      /etl\/main1: app throttled for 40 % of checks until \d\d:\d\d, by oncall: “backfill”/;
    await page.locator('#events li', { hasText: said }).waitFor();

    await item.getByRole('button', { name: 'change' }).click();
    expect(await page.inputValue('[name=ratio]')).to.equal('40');
    await page.fill('[name=ratio]', '60');
    await page.click('#entry-submit');
    // What takes a change back is the entry as it was.
    const back = await page.locator('#entry-answer code').innerText();
    expect(back).to.contain('/throttle-app/etl/ttl/12/ratio/0.4?');
    expect(back).to.contain('store_name=main1&reason=backfill&owner=oncall');
    await page.click('#entry-close');
    await visits.entry('60 %').waitFor();
    await visits.lift('etl/main1');
  });

  it('lift after a confirmation, as somebody, and keep the focus', async () => {
    await fetchOnce(leader.port, '/throttle-app/purge/ttl/9?owner=jane');
    await fetchOnce(leader.port, '/throttle-app/purge/ttl/0/ratio/0.5?store_name=main2');
    const page = await openLive();
    const item = visits.entry('purge').filter({ hasText: 'by jane' });
    await item.getByRole('button', { name: 'lift' }).click();
    const effect = await page.locator('#act-effect').innerText();
    expect(effect).to.contain('purge, throttled, 100 %, until').and.to.contain('by jane');
    expect(effect).to.contain('purge/main2, throttled, 50 %, until it is lifted');
    await visits.shoot('lift');
    await visits.expectAccessible();
    await page.keyboard.press('Escape');
    expect(await page.locator('#entries li').count()).to.equal(2);
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await until(async () => (await focused()) === 'lift');

    await item.getByRole('button', { name: 'lift' }).click();
    await page.fill('#act-form [name=owner]', 'bob');
    await page.fill('#act-form [name=reason]', 'done');
    await page.click('#act-submit');
    await page.getByText('Done. 2 entries ended.').waitFor();
    const back = await page.locator('#act-answer code').innerText();
    expect(back.match(/curl -X POST/g)).to.have.length(2);
    expect(await events()).to.match(/"app no longer throttled","App":"purge"[^}]*"Owner":"bob"/);
    await item.waitFor({ state: 'detached' });
    await page.click('#act-close');
    await until(async () => (await focused()) === 'In force');

    for (const [path] of back.matchAll(/\/throttle-app[^']*/g)) await fetchOnce(leader.port, path);
    await visits.entry('purge/main2').getByText('50 %, until it is lifted').waitFor();
    await item.waitFor();
    await fetchOnce(leader.port, '/unthrottle-app/purge');
  });

  it('exempt one app, and refuse before they are sent what the node refuses', async () => {
    const page = await openLive();
    const exempted = await visits.send('ExemptedApps', { app: 'hotfix', minutes: '5' });
    expect(exempted).to.match(/^Done\. hotfix: exempt, until \d\d:\d\d\./);
    await visits.lift('hotfix');
    await page.click('#new-ExemptedApps');
    expect(await page.locator('#entry-form').innerText()).not.to.contain('every app');
    await page.fill('[name=app]', '*');
    await page.getByText('An exemption is for one app.').waitFor();
    await page.click('#entry-submit');
    await page.fill('[name=app]', 'hotfix');
    await page.fill('[name=minutes]', '-1');
    await page.getByText('Minutes: a whole number from 1 to 1440.').waitFor();
    await page.click('#entry-submit');
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
    expect(await events()).not.to.contain('"Kind":"refused"');
  });

  it('set a threshold beside what it is and was, and ask once more for a far one', async () => {
    const page = await openLive();
    await page.click('#new-Thresholds');
    await page.fill('[name=store]', 'main2');
    await page.getByText(/lag is \d+ ms now, its threshold 1 s, as configured\./).waitFor();
    await until(async () => (await page.locator('#known-metrics option').count()) === 1);
    await page.fill('[name=threshold]', '1e9');
    await page.click('#entry-submit');
    await page.getByText('31.7 years is 1,000,000,000 times the configured one.').waitFor();
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
    await page.fill('[name=threshold]', '5');
    await page.locator('#entry-confirm').waitFor({ state: 'hidden' });
    await page.click('#entry-submit');
    await page.locator('#entry-answer .done').waitFor();
    await page.click('#entry-close');
    await page.getByText('of 5 s (set by an operator, configured 1 s)').waitFor();
    await visits.entry('main2').getByText('threshold 5 s, ').waitFor();
    const refused = await visits.send('Thresholds', { store: 'nosuch', threshold: '5' });
    expect(refused).to.match(/^Refused \(404\): .*nosuch/);
    expect(await visits.lift('main2', 'oncall')).to.contain('/set-threshold/mysql/main2/5/ttl/');
  });

  it('suggest every host, and say which stores a skip concerns', async () => {
    const page = await openLive();
    const [, other] = cluster.fleet.hosts;
    await page.click('#new-SkippedHosts');
    const suggested = page.locator('#known-hosts option');
    // Those of the fleet, and one at which nothing listens.
    await until(async () => (await suggested.count()) === cluster.fleet.hosts.length + 1);
    await page.fill('[name=host]', other!);
    await page.getByText(`Matches 1 host (${other}) of mysql/main3.`).waitFor();
    await page.click('#entry-submit');
    await page.locator('#entry-answer .done').waitFor();
    await page.click('#entry-close');
    await visits.lift(other!);
  });

  it('ask once more before every app is throttled or a store is emptied', async () => {
    const page = await openLive();
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
    await visits.lift('every app');

    const [only] = cluster.fleet.hosts;
    await page.click('#new-SkippedHosts');
    await page.fill('[name=host]', only!);
    // At once: what it would match is waited for.
    await page.click('#entry-submit');
    await page.getByText('without any host').first().waitFor();
    await page.locator('#entry-confirm').waitFor();
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
  });

  it('show no answer in a form that was opened after they were closed', async () => {
    const page = await openLive();
    const sent = new Promise<Route>((resolve) => {
      void page.route('**/throttle-app/**', (route) => resolve(route));
    });
    await page.click('#new-ThrottledApps');
    await page.fill('[name=app]', 'slow');
    await page.click('#entry-submit');
    const route = await sent;
    await page.click('#entry-close');
    await page.click('#new-SkippedHosts');
    await page.fill('[name=host]', 'db7');
    await page.getByText('No store lists this host.').waitFor();
    expect(await page.locator('#entry-submit').isEnabled()).to.equal(true);
    await route.fulfill({ json: { StatusCode: 200, Message: 'OK', Matched: { AppSeen: false } } });
    await page.fill('[name=host]', cluster.fleet.hosts[1]!);
    await page.getByText('Matches 1 host').waitFor();
    expect(await page.locator('#entry-answer').innerText()).to.equal('');
  });

  it('work in a browser that refuses storage to the page', async () => {
    const page = await visits.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
    await page.goto(`${leader.url}/`);
    await page.locator('#headline.bad').waitFor();
    expect(await visits.send('ThrottledApps', { app: 'etl', owner: 'oncall' })).to.match(/^Done\./);
    await visits.lift('etl', 'oncall');
  });

  it('show names that contain markup as text', async () => {
    const app = encodeURIComponent(MARKUP);
    await fetchOnce(leader.port, `/check/${app}/mysql/main3`);
    const note = `reason=${app}&owner=${app}`;
    await fetchOnce(leader.port, `/throttle-app/${app}/ttl/5?${note}`);
    const page = await openLive();
    const asking = page.locator('#apps tr', { hasText: MARKUP });
    await asking.getByText('was refused once').waitFor();
    await visits.entry(MARKUP).waitFor();
    expect(await visits.entry(MARKUP).innerText()).to.contain(`by ${MARKUP}: “${MARKUP}”`);
    await visits.lift(MARKUP, MARKUP);
    expect(await page.locator('main img').count()).to.equal(0);
    expect(await page.title()).not.to.equal('1');
  });

  it('stand beside who waits and why, what is in force, and what has happened', async () => {
    const asking = [
      ['nightly-archive', 'main3'],
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
      '/set-threshold/mysql/main3/2/ttl/30?owner=oncall&reason=migration',
    ];
    for (const command of commands) await fetchOnce(leader.port, command);
    await ask();
    const page = await openLive();
    const rows = await until(async () => {
      await ask();
      const texts = await page.locator('#apps tr').allInnerTexts();
      return texts.filter((text) => text.includes('waits')).length === 2 ? texts : undefined;
    });
    expect(rows.find((row) => row.startsWith('nightly'))).to.match(/waits [^:]*: lag on 127/);
    expect(rows.find((row) => row.startsWith('purge'))).to.match(/waits[^:]*: throttled/);
    expect(rows.find((row) => row.startsWith('reindex'))).to.contain('goes on');
    expect(await page.locator('#stores tbody').first().innerText()).to.match(/\d apps? waits?/);
    expect(await page.locator('#entries li').count()).to.equal(3);

    await page.locator('a.row-link', { hasText: /^main3$/ }).click();
    const own = page.locator('.detail .events li');
    await own
      .filter({ hasText: `${skipped}: host skipped until` })
      .first()
      .waitFor();
    const texts = await own.allInnerTexts();
    expect(texts[0]).to.match(/^\d\d:\d\d:\d\d/);
    expect(texts.join('\n')).to.contain('main3: threshold set to 2 until');
    expect(texts.join('\n')).not.to.contain('purge: app throttled');
    for (const key of ['purge', 'main3', skipped]) await visits.lift(key);
  });
});
