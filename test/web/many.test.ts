/** The page where there is much of everything, in a real browser. */
import { expect } from 'chai';
import { fetchOnce } from '../support/http-client.js';
import { needPrograms } from '../support/needs.js';
import { PageCluster } from '../support/page-cluster.js';
import { PageVisits } from '../support/page-visit.js';
import { until } from '../support/until.js';

describe('the page of a thousand stores, a thousand hosts and five hundred apps', function () {
  this.timeout(60_000);

  let visits: PageVisits;
  let cluster: PageCluster;

  before(async function () {
    needPrograms(this, 'chromium');
    visits = await PageVisits.start();
    cluster = await PageCluster.start({
      ...{ nodes: 1, stores: 1_000, hosts: 1_000, cacheMillis: 1_000 },
    });
  });

  after(async () => {
    await visits?.stop();
    await cluster?.stop();
  });

  it('shows those that matter, and finds the others', async () => {
    const [node] = cluster.nodes;
    const page = await visits.openLive(`${node!.url}/`);
    await page.locator('#headline', { hasText: '2 of 1,001 stores hold jobs back' }).waitFor();
    await until(async () => (await page.locator('#stores tbody').count()) < 30);
    await page.locator('#more-stores', { hasText: '991 stores more, which are fine' }).waitFor();
    await visits.shoot('thousand');
    const asked = Array.from({ length: 500 }, (_, app) => `/check/app${app}/mysql/main3`);
    await Promise.all(asked.map((path) => fetchOnce(node!.port, path)));
    await page.locator('#more-apps', { hasText: '489 apps more' }).waitFor();
    expect(await page.locator('#apps tr').count()).to.equal(12);
    await page.locator('a.row-link', { hasText: /^main3$/ }).click();
    await page.getByText('1,001 hosts, the worst first').waitFor();
    await page.getByText('… 976 hosts more, which are better').waitFor();
    expect(await page.locator('.hosts tbody tr').count()).to.equal(25);
    await visits.shoot('thousand-hosts');
    await page.keyboard.press('Escape');
    await page.fill('#search', 'main98');
    await page.getByRole('link', { name: 'main987' }).waitFor();
    expect(await page.locator('#stores tbody').count()).to.equal(11);
    await page.fill('#search', 'nosuch');
    await page.getByText('No store is called “nosuch”.').waitFor();
  });
});
