/** Why a check has its result: `?verbose=1` and `/why/…`. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { AppRules } from '../../src/throttle/app-rules.js';
import { NO_EXPIRY } from '../../src/throttle/commands.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

interface ExplainedBody {
  readonly StatusCode: number;
  readonly Value: number;
  readonly Message: string;
  readonly Metric?: string;
  readonly Host?: string;
  readonly Since?: string;
  readonly Rule?: Readonly<Record<string, unknown>>;
  readonly Why: string;
  readonly Leader?: string;
  readonly Metrics: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

for (const engine of ENGINES) {
  describe(`an explained check on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('main1', {
        metrics: {
          threads_running: { value: 150, threshold: 100, host: 'db1:3306' },
          disk: { value: 0.95, threshold: 0.9, mode: 'observe', host: 'db1:3306' },
        },
      });
      front.addStore('main2');
      front.measure('main1', { value: 8.2, sinceMs: monotonicMs() - 40_000 }, 'db7:3306');
    });

    afterEach(() => front.stop());

    async function ask(path: string): Promise<ExplainedBody & { readonly status: number }> {
      const { status, body } = await fetchOnce(front.port, path);
      return { status, ...(JSON.parse(body) as ExplainedBody) };
    }

    it('names the metric, the host, since when, the rule, and all metrics that fail', async () => {
      const answer = await ask('/check/archive/mysql/main1?verbose=1');
      expect(answer).to.include({ status: 429, StatusCode: 429, Value: 8.2, Metric: 'lag' });
      expect(answer).to.include({ Host: 'db7:3306' });
      expect(answer.Rule).to.deep.equal({ Kind: 'threshold', Threshold: 1 });
      expect(answer.Why).to.equal(
        'waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s; ' +
          'threads_running on db1:3306 is 150, above 100',
      );
      expect(Date.now() - Date.parse(answer.Since!)).to.be.within(39_000, 60_000);
      expect(
        answer.Metrics.map(({ Metric, StatusCode, Mode }) => [Metric, StatusCode, Mode]),
      ).to.deep.equal([
        ['lag', 429, 'enforce'],
        ['threads_running', 429, 'enforce'],
        ['disk', 429, 'observe'],
      ]);
      expect(answer.Metrics[0]!.AgeSeconds).to.be.a('number');
    });

    it('says what passes', async () => {
      const answer = await ask('/check/archive/mysql/main2?verbose=true');
      expect(answer).to.include({ status: 200, Metric: 'lag' });
      expect(answer.Why).to.equal('passes: lag is 0.43 s, at most 1 s');
    });

    it('explains without counting, marking or holding low priority', async () => {
      const answer = await ask('/why/archive/mysql/main1');
      expect(answer).to.include({ status: 429, Metric: 'lag' });
      expect([...front.counters.counts()]).to.deep.equal([]);
      expect([...front.recentApps.entries()]).to.deep.equal([]);
      expect(front.counters.observedDenials().map(({ count }) => count)).to.deep.equal([0]);
      expect(await ask('/why/archive/mysql/main1?p=low')).to.include({ status: 429 });
      await ask('/check/archive/mysql/main1?verbose=1');
      expect([...front.counters.counts()]).to.have.length(1);
      const held = await ask('/why/archive/mysql/main1?p=low');
      expect(held).to.include({ status: 417 });
      expect(held.Rule).to.deep.equal({ Kind: 'low priority' });
      expect(held.Why).to.equal(
        'denied: low priority waits while other apps wait for main1: ' +
          'lag on db7:3306 is 8.2 s, above 1 s, for 40 s; ' +
          'threads_running on db1:3306 is 150, above 100',
      );
    });

    it('takes the metrics and the threshold of the question', async () => {
      const answer = await ask('/why/archive/mysql/main1?metric=threads_running&threshold=200');
      expect(answer).to.include({ status: 200, Metric: 'threads_running' });
      expect(answer.Rule).to.deep.equal({ Kind: 'threshold of the client', Threshold: 200 });
      expect(answer).not.to.have.property('Since');
      expect(await ask('/why/archive/mysql/main1?threshold=x')).to.include({ status: 400 });
    });

    it('names the throttle, who made it, until when and why', async () => {
      front.state.apply({
        ...{ kind: 'throttleApp', atMs: Date.now(), key: 'archive/main1', ratio: 0.5 },
        ...{ expireAtMs: Date.UTC(2100, 0, 1), owner: 'jane', reason: 'incident 7' },
      });
      const answer = await ask('/why/archive/mysql/main1');
      expect(answer).to.include({ status: 417, Message: 'App denied' });
      expect(answer.Rule).to.include({ Kind: 'throttle', Key: 'archive/main1', Ratio: 0.5 });
      expect(answer.Rule).to.include({ Owner: 'jane', Reason: 'incident 7' });
      expect(answer.Why).to.equal(
        'denied: archive is throttled on main1 for 50 % of checks by jane ' +
          'until 2100-01-01T00:00:00.000Z: incident 7',
      );
    });

    it('names a throttle of a part of the checks, whatever the dice say', async () => {
      const throttle = { kind: 'throttleApp', key: 'archive', expireAtMs: NO_EXPIRY } as const;
      front.state.apply({ ...throttle, atMs: Date.now(), ratio: 0.001 });
      const text = 'archive is throttled for 0.1 % of checks until it is lifted';
      for (let times = 0; times < 5; times++) {
        const answer = await ask('/why/archive/mysql/main2');
        expect(answer).to.include({ status: 417, Why: `denied: ${text}` });
      }
      front.dice = 0.5;
      const passing = await ask('/check/archive/mysql/main2?verbose=1');
      expect(passing.Why).to.equal(`passes: lag is 0.43 s, at most 1 s; ${text}`);
    });

    it('says of a metric that is only observed that it is', async () => {
      const answer = await ask('/why/archive/mysql/main1?metric=disk');
      expect(answer.Why).to.equal('passes: disk on db1:3306 is 0.95, above 0.9 (only observed)');
    });

    it('names who skipped the only host, until when and why', async () => {
      front.addStore('alone', {
        measured: { state: MetricState.noHosts, errorText: 'skipped: db9:3306' },
      });
      front.state.apply({
        ...{ kind: 'skipHost', atMs: Date.now(), host: 'db9', owner: 'jane', reason: 'rebuild' },
        expireAtMs: Date.UTC(2100, 0, 1),
      });
      const answer = await ask('/check/archive/mysql/alone?verbose=1');
      expect(answer).to.include({ status: 500, Message: 'No hosts found; skipped: db9:3306' });
      expect(answer.Rule).to.include({ Kind: 'skipped host', Key: 'db9:3306', Owner: 'jane' });
      expect(answer.Why).to.match(
        /^waits: lag cannot be read.*; db9:3306 is skipped by jane until 2100-.*: rebuild$/,
      );
    });

    it('shows the digits of a small threshold', async () => {
      const answer = await ask('/why/archive/mysql/main2?threshold=0.00012');
      expect(answer.Why).to.equal('waits: lag is 0.43 s, above 0.00012 s');
    });

    it('names the exemption beside what the metrics say', async () => {
      front.state.apply({
        ...{ kind: 'exemptApp', atMs: Date.now(), key: 'archive', owner: 'jane' },
        expireAtMs: Date.UTC(2100, 0, 1),
      });
      const answer = await ask('/why/archive/mysql/main1');
      expect(answer).to.include({ status: 200, Message: 'App exempted' });
      expect(answer.Why).to.equal(
        'passes: archive is exempted by jane until 2100-01-01T00:00:00.000Z; ' +
          'lag on db7:3306 is 8.2 s, above 1 s, for 40 s; ' +
          'threads_running on db1:3306 is 150, above 100',
      );
    });

    it('names the hold of low priority before a throttle that denies by chance', async () => {
      const expireAtMs = Date.UTC(2100, 0, 1);
      const throttle = {
        kind: 'throttleApp',
        atMs: Date.now(),
        key: 'archive',
        expireAtMs,
      } as const;
      front.board.holdLowPriority(0, monotonicMs());
      front.state.apply({ ...throttle, ratio: 0.5 });
      expect((await ask('/why/archive/mysql/main1?p=low')).Rule).to.include({
        Kind: 'low priority',
      });
      front.state.apply({ ...throttle, ratio: 1 });
      expect((await ask('/why/archive/mysql/main1?p=low')).Rule).to.include({ Kind: 'throttle' });
    });

    it('names a set threshold and the rule of an app', async () => {
      front.checks.setAppRules(
        new AppRules({
          separator: '',
          rules: [{ pattern: 'arch*', thresholds: new Map([['lag', 0.25]]) }],
        }),
      );
      const ruled = await ask('/why/archive/mysql/main2');
      expect(ruled).to.include({ status: 429 });
      expect(ruled.Rule).to.deep.equal({ Kind: 'app rule', Key: 'arch*', Threshold: 0.25 });
      front.state.apply({
        ...{ kind: 'setThreshold', atMs: Date.now(), key: 'mysql/main2', value: 3 },
        ...{ expireAtMs: Date.UTC(2100, 0, 1), reason: 'restore' },
      });
      expect((await ask('/why/other/mysql/main2')).Rule).to.include({
        ...{ Kind: 'set threshold', Reason: 'restore', ExpireAt: '2100-01-01T00:00:00.000Z' },
      });
      const { Why, Metrics } = await ask('/why/other/mysql/main2');
      expect(Why).to.match(/ \(set until 2100-01-01T\S+: restore; configured: 1 s\)$/);
      expect(Metrics[0]).to.include({
        ...{ ConfiguredThreshold: 1, Reason: 'restore' },
        SetUntil: '2100-01-01T00:00:00.000Z',
      });
    });

    it('names the error of a metric, and one that has no value yet', async () => {
      const sinceMs = monotonicMs() - 40_000;
      front.measure('main1', { state: MetricState.error, errorText: 'db7:3306: refused', sinceMs });
      expect((await ask('/why/archive/mysql/main1')).Why).to.equal(
        'waits: lag cannot be read, for 40 s: db7:3306: refused; ' +
          'threads_running on db1:3306 is 150, above 100',
      );
      front.addStore('new', { measured: null });
      expect((await ask('/why/archive/mysql/new')).Why).to.equal('waits: lag has no value yet');
    });

    it('names the domain whose leaders see the store as unhealthy', async () => {
      front.addStore('shared');
      front.board.publishUnhealthyAtPeers(4, monotonicMs() + 60_000, 'east');
      const answer = await ask('/why/archive/mysql/shared');
      expect(answer).to.include({ status: 429 });
      expect(answer).not.to.have.any.keys('Host', 'Since');
      expect(answer.Rule).to.deep.equal({ Kind: 'shared domain', Key: 'east' });
      expect(answer.Why).to.equal(
        'waits: shared is unhealthy at the leader of domain east; here lag is 0.43 s, at most 1 s',
      );
    });

    it('proposes the nearest name for an unknown store', async () => {
      const answer = await ask('/why/archive/mysql/mian1');
      expect(answer).to.include({ status: 404, Message: 'No such metric' });
      expect(answer.Why).to.equal('no such store: mysql/mian1; did you mean mysql/main1?');
    });

    it('proposes the nearest metric for an unknown one, and names the type of stores', async () => {
      const unknown = await ask('/check/archive/mysql/main1?verbose=1&metric=lag,thread_running');
      expect(unknown).to.include({ status: 404, Message: 'No such metric: thread_running' });
      expect(unknown.Why).to.equal(
        'mysql/main1 has no metric thread_running; did you mean threads_running?',
      );
      expect((await ask('/why/archive/mysql/main2?metric=x')).Why).to.equal(
        'mysql/main2 has no metric x; it has lag',
      );
      const type = await ask('/check-if-exists/archive/postgres/main1?verbose=1');
      expect(type).to.include({ status: 200, Message: 'No such metric' });
      expect(type.Why).to.equal('no such type of stores: postgres; it is mysql');
    });

    it('redirects as a check without reasons does', async () => {
      const path = '/check/archive//mysql/main1?verbose=1';
      for (const [method, status] of [
        ['GET', 301],
        ['HEAD', 307],
      ] as const) {
        const response = await fetchOnce(front.port, path, { method });
        expect(response).to.include({ status });
        expect(response.headers.location).to.equal('/check/archive/mysql/main1?verbose=1');
      }
    });

    it('names the leader on a node that does not lead', async () => {
      front.lead(false);
      const leading = { Leader: 'db-freno-2:10008', LeaderHTTP: 'db-freno-2:8087' };
      front.respond = () => ({ status: 200, json: JSON.stringify(leading) });
      const answer = await ask('/check/archive/mysql/main1?verbose=1');
      expect(answer).to.include({ status: 404, Message: 'Not the leader', ...leading });
      expect(answer.Why).to.match(/the leader is db-freno-2:8087$/);
      front.respond = () => ({ status: 500, json: '' });
      expect((await ask('/why/archive/mysql/main1')).Why).to.match(/no leader is known/);
    });
  });
}
