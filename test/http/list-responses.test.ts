/** Responses about the state of the node and of all stores. */
import { hostname } from 'node:os';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

for (const engine of ENGINES) {
  describe(`state requests on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
    });

    afterEach(() => front.stop());

    it('responds OK to load balancers on every node', async () => {
      front.lead(false);
      for (const path of ['/lb-check', '/_ping', '/status']) {
        expect(await fetchOnce(front.port, path)).to.include({
          status: 200,
          body: '{"StatusCode":200,"Message":"OK"}\n',
        });
      }
    });

    it('responds to /leader-check by whether the node leads', async () => {
      const leaderCheck = async (): Promise<object> => {
        const { status, headers, body } = await fetchOnce(front.port, '/leader-check');
        return { status, type: headers['content-type'], body };
      };
      const type = 'text/plain; charset=utf-8';
      expect(await leaderCheck()).to.deep.equal({ status: 200, type, body: '"HTTP 200"\n' });
      front.lead(false);
      expect(await leaderCheck()).to.deep.equal({ status: 404, type, body: '"HTTP 404"\n' });
    });

    it('responds with the host name', async () => {
      expect((await fetchOnce(front.port, '/hostname')).body).to.equal(`"${hostname()}"\n`);
    });

    it('lists the current value or the error of each store by name', async () => {
      front.addStore('main1', { measured: { value: 0.43 } });
      front.addStore('huge', { measured: { value: 1e22 } });
      front.addStore('down', { measured: { state: MetricState.error, errorText: 'refused' } });
      front.addStore('empty', { measured: { state: MetricState.noHosts } });
      front.addStore('ignored', {
        measured: { state: MetricState.noHosts, errorText: 'ignored: denied' },
      });
      front.addStore('half', { measured: { state: MetricState.notCollected } });
      front.addStore('mute', { measured: null });
      front.addStore('old', { measured: { readAtMs: monotonicMs() - 60_000 } });
      expect((await fetchOnce(front.port, '/aggregated-metrics')).body).to.equal(
        '{"mysql/down":"error: refused","mysql/empty":"error: No hosts found",' +
          '"mysql/half":"error: Metric not collected yet",' +
          '"mysql/huge":"10000000000000000000000.000000",' +
          '"mysql/ignored":"error: No hosts found; ignored: denied","mysql/main1":"0.430000"}\n',
      );
      expect(await fetchJson(front.port, '/aggregated-metrics?brief=true')).to.include({
        'mysql/main1': '0.430',
      });
      front.lead(false);
      expect((await fetchOnce(front.port, '/aggregated-metrics')).body).to.equal('{}\n');
    });

    it('lists every metric of a store beside the own one', async () => {
      front.addStore('main1', {
        measured: { value: 0.43 },
        metrics: { threads_running: { value: 12 }, disk: { value: 0.25, mode: 'observe' } },
      });
      expect((await fetchOnce(front.port, '/aggregated-metrics')).body).to.equal(
        '{"mysql/main1":"0.430000","mysql/main1/disk":"0.250000",' +
          '"mysql/main1/threads_running":"12.000000"}\n',
      );
      const health = (await fetchJson(front.port, '/metrics-health')) as Record<string, object>;
      expect(health).to.have.all.keys(
        ...['mysql/main1', 'mysql/main1/disk', 'mysql/main1/threads_running'],
      );
      expect(health['mysql/main1/disk']).to.include({ Mode: 'observe' });
      expect(health['mysql/main1/threads_running']).not.to.have.property('Mode');
    });

    it('lists since when each store is unhealthy, at most since the promotion', async () => {
      front.addStore('well');
      front.addStore('mute', { measured: null });
      front.addStore('ill', { measured: { lastHealthyMs: monotonicMs() - 42_000 } });
      front.addStore('never', { measured: { lastHealthyMs: 0, value: 9 } });
      type MetricHealth = Record<
        string,
        { LastHealthyAt: string; SecondsSinceLastHealthy: number }
      >;
      const health = (await fetchJson(front.port, '/metrics-health')) as MetricHealth;
      expect(Object.keys(health)).to.deep.equal(['ill', 'mute', 'never', 'well'].map(withType));
      expect(health['mysql/ill']?.SecondsSinceLastHealthy).to.be.within(42, 47);
      expect(health['mysql/well']?.SecondsSinceLastHealthy).to.be.within(0, 5);
      const promotedAt = Date.now() - (monotonicMs() - front.promotedAtMs);
      for (const name of ['mysql/mute', 'mysql/never']) {
        expect(Date.parse(health[name]!.LastHealthyAt)).to.be.closeTo(promotedAt, 1_000);
      }
      front.lead(false);
      expect(await fetchJson(front.port, '/metrics-health')).to.deep.equal({});
    });

    it('responds with the memcached servers', async () => {
      front.handler.setMemcache({ servers: ['a:1', 'b:2'], path: 'p', tls: null });
      expect((await fetchOnce(front.port, '/config/memcache')).body).to.equal(
        '{"MemcacheServers":["a:1","b:2"],"MemcachePath":"p"}\n',
      );
    });
  });
}

function withType(name: string): string {
  return `mysql/${name}`;
}
