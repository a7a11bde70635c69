/** Checks of stores that have several metrics, over HTTP. */
import { expect } from 'chai';
import { AppRules } from '../../src/throttle/app-rules.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

const LOADED = {
  measured: { value: 0.43 },
  metrics: {
    threads_running: { value: 150, threshold: 100 },
    disk: { value: 0.95, threshold: 0.9, mode: 'observe' },
  },
} as const;

for (const engine of ENGINES) {
  describe(`a check of a store with several metrics on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('plain', { measured: { value: 0.43 } });
      front.addStore('main1', LOADED);
    });

    afterEach(() => front.stop());

    const bodyOf = async (path: string): Promise<string> =>
      (await fetchOnce(front.port, path)).body.trimEnd();

    it('names the metric that decided', async () => {
      expect(await bodyOf('/check/archive/mysql/main1')).to.equal(
        '{"StatusCode":429,"Value":150,"Threshold":100,"Message":"Threshold exceeded",' +
          '"Metric":"threads_running"}',
      );
    });

    it('has the body of the original for a store with one metric', async () => {
      expect(await bodyOf('/check/archive/mysql/plain?metric=lag')).to.equal(
        '{"StatusCode":200,"Value":0.43,"Threshold":1,"Message":""}',
      );
    });

    it('judges only the metrics that the query names', async () => {
      expect(await bodyOf('/check/archive/mysql/main1?metric=lag')).to.equal(
        '{"StatusCode":200,"Value":0.43,"Threshold":1,"Message":"","Metric":"lag"}',
      );
      const both = await bodyOf('/check/archive/mysql/main1?p=low&metric=lag%2Cthreads_running');
      expect(both).to.match(/^\{"StatusCode":429,.*"Metric":"threads_running"\}$/);
    });

    it('is 404 and names a metric that the store does not have', async () => {
      const response = await fetchOnce(front.port, '/check/archive/mysql/main1?metric=lag,loda');
      expect(response).to.include({ status: 404 });
      expect(response.body).to.match(/"Message":"No such metric: loda"/);
    });

    it('gives the threshold of check-read to the own metric, or to the named one', async () => {
      const path = '/check-read/archive/mysql/main1/200';
      expect(await bodyOf(path)).to.match(/^\{"StatusCode":429,"Value":150,"Threshold":100,/);
      expect(await bodyOf(`${path}?metric=threads_running`)).to.equal(
        '{"StatusCode":200,"Value":150,"Threshold":200,"Message":"","Metric":"threads_running"}',
      );
      expect(await bodyOf('/check-read/archive/mysql/main1/0.25?metric=lag')).to.match(
        /^\{"StatusCode":429,"Value":0.43,"Threshold":0.25,/,
      );
    });

    it('counts what a metric would have denied that is only observed', async () => {
      await bodyOf('/check/archive/mysql/main1?metric=disk');
      await bodyOf('/check/other/mysql/main1?metric=disk,lag');
      expect(front.counters.observedDenials()).to.deep.equal([
        { storeName: 'main1', metric: 'disk', count: 2 },
      ]);
    });

    it('goes by the rule of the app: its metrics, thresholds and priority', async () => {
      front.checks.setAppRules(
        new AppRules({
          separator: ':',
          rules: [
            { pattern: 'archiver', metrics: ['lag'], thresholds: new Map([['lag', 0.25]]) },
            { pattern: 'etl-*', thresholds: new Map([['threads_running', 200]]), priority: 'low' },
          ],
        }),
      );
      expect(await bodyOf('/check/archiver:orders/mysql/main1')).to.match(
        /^\{"StatusCode":429,"Value":0.43,"Threshold":0.25,.*"Metric":"lag"\}$/,
      );
      // A denial by the app's own threshold does not hold the others off.
      expect(await bodyOf('/check/etl-1/mysql/main1')).to.match(/^\{"StatusCode":200,/);
      expect(await bodyOf('/check/archive/mysql/main1')).to.match(/^\{"StatusCode":429,/);
      expect(await bodyOf('/check/etl-1/mysql/main1')).to.match(/^\{"StatusCode":417,/);
      expect(await bodyOf('/check/etl-1/mysql/main1?p=normal')).to.match(/^\{"StatusCode":200,/);
    });
  });
}
