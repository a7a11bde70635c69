/** The page where access is restricted, in a real browser. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { startBrowser } from '../support/browser.js';
import { needPrograms } from '../support/needs.js';
import { PageCluster } from '../support/page-cluster.js';

function entry(name: string, ...roles: readonly string[]) {
  const SHA256 = createHash('sha256').update(`secret-${name}`).digest('hex');
  return { Name: name, SHA256, Roles: roles };
}

const Tokens = [entry('reader', 'read'), entry('dba', 'read', 'control', 'admin')];

describe('the page with tokens', function () {
  this.timeout(60_000);

  let browser: Browser;
  let cluster: PageCluster;
  let leader: FrenoNode;
  let page: Page;

  before(async function () {
    needPrograms(this, 'chromium');
    browser = await startBrowser();
    const besides = { Access: { Anonymous: ['check'], Tokens } };
    cluster = await PageCluster.start({ nodes: 1, stores: 3, hosts: 3, besides });
    leader = await cluster.leader();
    page = await (await browser.newContext()).newPage();
    await page.goto(`${leader.url}/`);
  });

  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  async function use(token: string): Promise<void> {
    await page.locator('#caller').click();
    await page.fill('#token', token);
    await page.locator('#token-form button[type=submit]').click();
  }

  it('shows nothing to a caller without one, and says what is missing', async () => {
    await page.locator('#advice', { hasText: 'the role "read"' }).waitFor();
    expect(await page.locator('#stores tbody').count()).to.equal(0);
    expect(await page.locator('#new-ThrottledApps').isVisible()).to.equal(false);
  });

  it('says that a token is not known', async () => {
    await use('wrong');
    await page.locator('#token-answer', { hasText: 'does not know this token' }).waitFor();
    await page.locator('#token-close').click();
    expect(await page.locator('#caller').innerText()).to.equal('use a token');
  });

  it('shows to a reader what the node knows, and hides the commands', async () => {
    await use('secret-reader');
    await page.locator('#headline.bad').waitFor();
    expect(await page.locator('#caller').innerText()).to.equal('token reader');
    expect(await page.locator('#new-ThrottledApps').isVisible()).to.equal(false);
  });

  it('gives commands as the caller, and lists who gave them', async () => {
    await use('secret-dba');
    await page.locator('#new-ThrottledApps').click();
    await page.fill('[name=app]', 'etl');
    await page.click('#entry-submit');
    await page.locator('#entry-answer .done').waitFor();
    expect(await page.locator('#entry-answer code').innerText()).to.contain('$FRENO_TOKEN');
    await page.click('#entry-close');
    const lift = page.locator('#entries li').getByRole('button', { name: 'lift' });
    await lift.click();
    await page.click('#act-submit');
    await page.locator('#act-answer .done').waitFor();
    await page.click('#act-close');
    await lift.waitFor({ state: 'detached' });
    const headers = { Authorization: 'Bearer secret-reader' };
    const events = await (await fetch(`${leader.url}/events`, { headers })).text();
    expect(events).to.contain('"Caller":"token dba"');
  });

  it('keeps the token in the memory of the tab alone', async () => {
    const kept = await page.evaluate(
      'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])',
    );
    expect(kept).to.not.contain('secret-');
    await page.reload();
    await page.locator('#advice', { hasText: 'the role "read"' }).waitFor();
    await use('secret-reader');
    await page.locator('#headline.bad').waitFor();
    await page.locator('#caller').click();
    await page.locator('#token-forget').click();
    await page.locator('#advice', { hasText: 'the role "read"' }).waitFor();
  });
});
