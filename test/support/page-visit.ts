/** Visits of the page in a real browser: each in a context of its own, with what it did wrong. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { startBrowser } from './browser.js';

const SHOTS = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1360, height: 900 };

export class PageVisits {
  #page: Page | undefined;
  #faults: string[] = [];

  static async start(): Promise<PageVisits> {
    mkdirSync(SHOTS, { recursive: true });
    return new PageVisits(await startBrowser());
  }

  private constructor(readonly browser: Browser) {}

  get page(): Page {
    if (this.#page === undefined) throw new Error('no page is open');
    return this.#page;
  }

  /** Shows nothing yet. */
  async newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    this.#page = page;
    page.on('pageerror', (error) => this.#faults.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy|Uncaught/.test(text)) this.#faults.push(text);
    });
    return page;
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.newPage(options);
    await page.goto(url);
    return page;
  }

  /** With the first values. */
  async openLive(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.open(url, options);
    // On a busy machine there may be no leader for a moment, which is bad too.
    await page.locator('#headline.bad', { hasText: 'jobs back' }).waitFor();
    return page;
  }

  /** After each test: rejects when the page has thrown, or has broken its policy. */
  async close(): Promise<void> {
    await this.#page?.context().close();
    const faults = this.#faults;
    this.#faults = [];
    expect(faults).to.deep.equal([]);
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }

  shoot(name: string, fullPage = false): Promise<unknown> {
    return this.page.screenshot({ path: `${SHOTS}${name}.png`, fullPage });
  }

  async expectAccessible(): Promise<void> {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: Array<{ id: string; nodes: unknown[] }> }> };
      };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes).slice(0, 600)}`);
    });
    expect(found).to.deep.equal([]);
  }

  /** An entry in force. */
  entry(text: string): Locator {
    return this.page.locator('#entries li', { hasText: text });
  }

  /** Sends a form; what it answered. */
  async send(form: string, values: Readonly<Record<string, string>>): Promise<string> {
    const { page } = this;
    await page.click(`#new-${form}`);
    for (const [name, value] of Object.entries(values)) {
      await page.fill(`#entry-form [name=${name}]`, value);
    }
    await page.click('#entry-submit');
    await page.locator('#entry-answer p').first().waitFor();
    const answer = await page.locator('#entry-answer').innerText();
    await page.click('#entry-close');
    return answer;
  }

  /** Lifts an entry; what the node answered. */
  async lift(text: string, owner = ''): Promise<string> {
    const { page } = this;
    await this.entry(text).getByRole('button', { name: 'lift' }).click();
    await page.fill('#act-form [name=owner]', owner);
    await page.click('#act-submit');
    await page.locator('#act-answer .done').waitFor();
    const answer = await page.locator('#act-answer').innerText();
    await page.click('#act-close');
    await this.entry(text).waitFor({ state: 'detached' });
    return answer;
  }
}
