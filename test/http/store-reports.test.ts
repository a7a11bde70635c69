/** `/stores`: metrics from the board, and the hosts of one store from main. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

interface ReportedMetric {
  readonly Metric: string;
  readonly State: string;
  readonly [key: string]: unknown;
}

for (const engine of ENGINES) {
  describe(`the report of stores on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('main1', { metrics: { load: { value: 5, mode: 'observe', host: 'db1:1' } } });
      front.measure('main1', { value: 0.25, sinceMs: monotonicMs() - 9_000 }, 'db7:3306');
      front.addStore('down', { measured: { state: MetricState.error, errorText: 'db2: refused' } });
    });

    afterEach(() => front.stop());

    async function metricsOf(store: string): Promise<readonly ReportedMetric[]> {
      const { Stores } = (await fetchJson(front.port, '/stores')) as {
        Stores: Record<string, { Metrics: readonly ReportedMetric[] }>;
      };
      return Stores[store]!.Metrics;
    }

    it('lists each metric with its state, value, thresholds, host and age', async () => {
      const [lag, load] = await metricsOf('mysql/main1');
      expect(lag).to.include({ Metric: 'lag', Mode: 'enforce', State: 'within', Value: 0.25 });
      expect(lag).to.include({ Threshold: 1, Host: 'db7:3306' });
      expect(lag!.AgeSeconds).to.be.within(0, 60);
      expect(Date.now() - Date.parse(lag!.Since as string)).to.be.within(8_900, 60_000);
      expect(load).to.include({ Metric: 'load', Mode: 'observe', State: 'above', Value: 5 });
      expect((await metricsOf('mysql/down'))[0]).to.deep.include({
        ...{ State: 'error', Error: 'db2: refused' },
      });
    });

    it('shows a threshold that an operator has set beside the configured one', async () => {
      const expireAtMs = Date.UTC(2100, 0, 1);
      front.board.publishSettings(0, {
        ...{ generation: 7, threshold: 1, maxAgeMs: 50_000, set: { value: 0.125, expireAtMs } },
      });
      expect((await metricsOf('mysql/main1'))[0]).to.include({
        ...{ State: 'above', Threshold: 0.125, ConfiguredThreshold: 1 },
        SetUntil: '2100-01-01T00:00:00.000Z',
      });
    });

    it('has no values on a node that does not lead, and says so', async () => {
      front.lead(false);
      expect(await fetchJson(front.port, '/stores')).to.include({ Leading: false });
      const [lag] = await metricsOf('mysql/main1');
      expect(lag).to.include({ State: 'unknown', Threshold: 1 });
      expect(lag).not.to.have.any.keys('Value', 'Host', 'Since');
    });

    it('adds the hosts of one store', async () => {
      front.respond = (request) => ({
        status: 200,
        json: request.kind === 'storeHosts' ? `{"Hosts":[{"Host":"of ${request.store}"}]}` : '',
      });
      const store = (await fetchJson(front.port, '/stores/mysql/main1')) as { Metrics: unknown[] };
      expect(store).to.deep.include({ Store: 'mysql/main1', Leading: true });
      expect(store).to.deep.include({ Hosts: [{ Host: 'of main1' }] });
      expect(store.Metrics).to.have.length(2);
    });

    it('proposes the nearest name for a store that is not configured', async () => {
      for (const [path, message] of [
        ['/stores/mysql/mian1', 'no such store: mysql/mian1; did you mean mysql/main1?'],
        ['/stores/pg/main1', 'no such store: pg/main1; did you mean mysql/main1?'],
        ['/stores/mysql/zzz', 'no such store: mysql/zzz'],
      ] as const) {
        const { status, body } = await fetchOnce(front.port, path);
        expect({ status, body: JSON.parse(body) as unknown }).to.deep.equal({
          status: 404,
          body: { StatusCode: 404, Message: message },
        });
      }
    });
  });
}
