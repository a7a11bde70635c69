/**
 * Takes the picture of `docs/page.md` (`npm run docs:page`): a cluster whose lags rise and fall,
 * apps that ask, and what operators entered, after two and a half minutes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startBrowser } from '../support/browser.js';
import { fetchOnce } from '../support/http-client.js';
import { PageCluster } from '../support/page-cluster.js';

const RUN_MS = 150_000;
const STEP_MS = 250;
const STORES = 6;

const APPS: ReadonlyArray<readonly [app: string, store: string, perStep: number]> = [
  ['nightly-archive', 'main3', 3],
  ['gh-ost:orders', 'main3', 1],
  ['reindex', 'main1', 2],
  ['purge', 'main2', 1],
  ['etl-hourly', 'main5', 1],
];

/** Of the host of that index, seconds: each wavers in its own way, that of `main3` rises. */
function lagS(index: number, seconds: number): number {
  if (index === 2) return Math.max(0.2, 0.4 + 0.3 * Math.sin(seconds / 9) + (seconds - 110) / 8);
  const wave = Math.sin(seconds / (5 + index)) + 0.4 * Math.sin(seconds / (2 + index / 3));
  return Math.max(0, 0.3 + 0.05 * index + 0.25 * wave);
}

async function main(target: string): Promise<void> {
  const cluster = await PageCluster.start({ nodes: 3, stores: STORES, hosts: 0, isEachOwn: true });
  const browser = await startBrowser();
  try {
    const { port, url } = await cluster.leader();
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
    await page.goto(url);
    const startMs = performance.now();
    const ratePerStep = APPS.flatMap(([app, store, count]) =>
      Array.from({ length: count }, () => `/check/${app}/mysql/${store}`),
    );
    let isEntered = false;
    for (let nowMs = startMs; nowMs < startMs + RUN_MS; nowMs = performance.now()) {
      const seconds = (nowMs - startMs) / 1_000;
      await cluster.fleet.change(
        cluster.fleet.hosts.map((_, server) => ({ server, value: lagS(server, seconds) })),
      );
      for (const path of ratePerStep) await fetchOnce(port, path);
      if (!isEntered && seconds > 60) {
        isEntered = true;
        await fetchOnce(port, '/throttle-app/purge/ttl/12?owner=oncall&reason=backfill+first');
        await fetchOnce(port, '/set-threshold/mysql/main5/2/ttl/30?owner=oncall&reason=migration');
        await fetchOnce(port, `/skip-host/${cluster.worstHost}/ttl/41?owner=jane&reason=rebuild`);
      }
      await delay(STEP_MS);
    }
    await page.screenshot({ path: target });
  } finally {
    await browser.close();
    await cluster.stop();
  }
}

await main(process.argv[2] ?? 'docs/page.png');
