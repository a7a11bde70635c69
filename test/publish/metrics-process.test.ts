/** The metrics, variables and profiles of a real freno process, and their readers. */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { Exposition } from '../support/exposition.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

const ROOT = new URL('../../../', import.meta.url);

function textOf(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}

/** All metric names of freno's in a text. */
function namesIn(text: string): string[] {
  return [...new Set(text.match(/\b(freno|process)_[a-z0-9_]+\b/g))];
}

interface Dashboard {
  readonly panels: ReadonlyArray<{
    readonly title: string;
    readonly targets?: ReadonlyArray<{ readonly expr: string }>;
  }>;
}

describe('a freno process', () => {
  let directory: TemporaryDirectory;
  let fleet: Fleet;
  let node: FrenoNode;

  before(async () => {
    directory = new TemporaryDirectory();
    const [unused, port = 0] = await freePorts(2);
    fleet = await Fleet.start([{ value: VALUE }]);
    const stores = storesOf(fleet.hosts, 1, {
      other: {
        StaticHostsSettings: { Hosts: fleet.hosts },
        Metrics: { load: { Query: 'select 1', Threshold: 100, Mode: 'observe' } },
      },
    }) as { MySQL: object };
    [node] = (await createNodes(1, directory.path, {
      Stores: { MySQL: { ...stores.MySQL, HttpCheckPort: port, HttpCheckPath: 'lb-check' } },
      MemcacheServers: [`127.0.0.1:${unused}`],
      EnableProfiling: true,
    })) as [FrenoNode];
    node.start();
    await node.process.waitFor(`/check/first/mysql/${STORE}`, 200);
    await node.process.waitFor('/check/first/mysql/other', 200);
  });

  after(async () => {
    await node?.stop();
    await fleet?.stop();
    directory.remove();
  });

  /** Resolves when all threads have responded: one that does not in time is left out. */
  function scrape(): Promise<Exposition> {
    return until(async () => {
      const metrics = await scrapeOnce();
      const threads = metrics.all('freno_heap_used_bytes').map(({ labels }) => labels.thread);
      const areThere = ['main', 'http-0', 'probe-0'].every((thread) => threads.includes(thread));
      const haveCounted = ['freno_checks_total', 'freno_probes_total'].every((name) =>
        metrics.names.has(name),
      );
      return areThere && haveCounted && metrics;
    });
  }

  async function scrapeOnce(): Promise<Exposition> {
    const { status, headers, body } = await fetchOnce(node.port, '/metrics');
    expect(status).to.equal(200);
    expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4(;|$)/);
    return new Exposition(body);
  }

  describe('/metrics', () => {
    it('reports the process, its threads, its stores and its consensus', async () => {
      const metrics = await scrape();
      const store = STORE;
      expect(metrics.value('freno_leader')).to.equal(1);
      expect(metrics.value('freno_raft_role', { role: 'leader' })).to.equal(1);
      expect(metrics.value('freno_raft_elections_total')).to.equal(1);
      expect(metrics.value('freno_store_value', { store })).to.equal(VALUE);
      expect(metrics.value('freno_store_threshold', { store })).to.equal(1);
      expect(metrics.value('freno_store_state', { store, state: 'ok' })).to.equal(1);
      expect(metrics.value('freno_store_hosts', { store, state: 'probed' })).to.equal(1);
      expect(metrics.value('freno_store_hosts', { store, state: 'failing' })).to.equal(0);
      expect(metrics.value('freno_probes_total', { store })).to.be.greaterThan(0);
      expect(metrics.value('freno_raft_disk_write_duration_seconds_count')).to.be.greaterThan(0);
    });

    it('counts checks and commands', async () => {
      const before = await scrape();
      for (const app of ['a', 'a', 'b']) await fetchOnce(node.port, `/check/${app}/mysql/${STORE}`);
      await fetchOnce(node.port, '/check/a/mysql/nosuch');
      await fetchOnce(node.port, '/throttle-app/c');
      await fetchOnce(node.port, `/check/c/mysql/${STORE}`);
      const after = await scrape();
      const grown = (labels: Record<string, string>): number =>
        sum(after, labels) - sum(before, labels);
      expect(grown({ app: 'a', store: STORE, status: '200' })).to.equal(2);
      expect(grown({ app: 'b', store: STORE, status: '200' })).to.equal(1);
      expect(grown({ app: 'a', store: 'nosuch', status: '404' })).to.equal(1);
      expect(grown({ app: 'c', store: STORE, status: '417' })).to.equal(1);
      expect(after.value('freno_throttled_apps')).to.equal(1);
      expect(after.value('freno_raft_commit_index')).to.be.greaterThan(
        before.value('freno_raft_commit_index')!,
      );
    });

    it('reports a store that cannot be read', async () => {
      await fleet.change([{ server: 0, fault: { kind: 'error', code: 1045, message: 'denied' } }]);
      await node.process.waitFor(`/check/a/mysql/${STORE}`, 500);
      const metrics = await scrape();
      expect(metrics.value('freno_store_state', { store: STORE, state: 'error' })).to.equal(1);
      expect(metrics.value('freno_store_value', { store: STORE })).to.equal(undefined);
      expect(metrics.value('freno_store_hosts', { store: STORE, state: 'failing' })).to.equal(1);
      expect(metrics.value('freno_probe_errors_total', { store: STORE })).to.be.greaterThan(0);
      await fleet.change([{ server: 0, fault: { kind: 'none' } }]);
      await node.process.waitFor(`/check/a/mysql/${STORE}`, 200);
    });

    it('responds to HEAD /metrics with a length and without a body', async () => {
      const { status, headers, body } = await fetchOnce(node.port, '/metrics', { method: 'HEAD' });
      expect({ status, body }).to.deep.equal({ status: 200, body: '' });
      expect(Number(headers['content-length'])).to.be.greaterThan(5_000);
    });

    it('has every metric that the dashboard shows', async () => {
      const { names } = await scrape();
      const dashboard = JSON.parse(textOf('resources/grafana-dashboard.json')) as Dashboard;
      const targets = dashboard.panels.flatMap(({ targets = [] }) => targets);
      expect(targets.length).to.be.greaterThan(25);
      for (const { expr } of targets) {
        expect(namesIn(expr), expr).not.to.deep.equal([]);
        for (const name of namesIn(expr)) expect(names.has(name), `${name} in ${expr}`).to.be.true;
      }
    });

    it('has every metric that the alerts use', async () => {
      const { names } = await scrape();
      const text = textOf('resources/prometheus-alerts.yml').replace(/^\s*#.*$/gm, '');
      const watched = namesIn(text);
      expect(watched.length).to.be.greaterThan(10);
      expect(watched.filter((name) => !names.has(name))).to.deep.equal([]);
    });

    it('has exactly the metrics that the documentation describes', async () => {
      const { families } = await scrape();
      const rows = textOf('docs/metrics.md').matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \|/gm);
      const documented = new Map([...rows].map(([, name, type]) => [name!, type!]));
      const scraped = new Map([...families.values()].map(({ name, type }) => [name, type]));
      expect([...documented].sort()).to.deep.equal([...scraped].sort());
    });
  });

  it('has every name of /debug/vars that the original has', async () => {
    await fetchOnce(node.port, '/throttle-app/c');
    await fetchOnce(node.port, '/check/a/mysql/nosuch');
    const vars = (await fetchJson(node.port, '/debug/vars')) as Record<string, unknown>;
    const latency = [
      ...['count', 'min', 'max', 'mean', 'std-dev'],
      ...['50', '75', '95', '99', '999'].map((percentile) => `${percentile}-percentile`),
      ...['mean-rate', 'one-minute', 'five-minute', 'fifteen-minute'],
    ];
    expect(vars).to.include.all.keys(
      ...['total', 'error'].flatMap((what) => [
        `check.any.${what}`,
        `check.a.${what}`,
        `check.any.mysql.nosuch.${what}`,
        `check.a.mysql.nosuch.${what}`,
        `probes.${what}`,
      ]),
      ...latency.map((name) => `probes.latency.${name}`),
      ...['raft.is_leader', 'raft.is_healthy', 'raft.leader'],
      ...['consensus.is_leader', 'consensus.is_healthy'],
      `aggregated.mysql.${STORE}`,
      `check.mysql.${STORE}.seconds_since_healthy`,
      'throttled_states.c',
      'httpcheck.error',
    );
    expect(await fetchJson(node.port, '/debug/metrics')).to.include.keys('probes.total');
  });

  describe('the profiler', () => {
    /** The sources of the functions in the samples: an idle thread has few in a second. */
    async function sourcesSeenIn(thread: string): Promise<string[]> {
      const path = `/debug/pprof/profile?seconds=1&thread=${thread}`;
      const profile = (await fetchJson(node.port, path)) as {
        nodes: ReadonlyArray<{ callFrame: { url: string } }>;
        samples: readonly number[];
      };
      expect(profile.samples.length, thread).to.be.greaterThan(10);
      return profile.nodes.map(({ callFrame }) => callFrame.url);
    }

    it('takes a CPU profile of each kind of thread', async () => {
      const ofTheProbes = (sources: readonly string[]): boolean =>
        sources.some((source) => source.includes('/src/stores/'));
      await until(async () => ofTheProbes(await sourcesSeenIn('probe')));
      expect(await sourcesSeenIn('http')).not.to.satisfy(ofTheProbes);
      expect(await sourcesSeenIn('main')).not.to.be.empty;
    });

    it('takes heap snapshots and leaves no file behind', async () => {
      const { status, headers, body } = await fetchOnce(
        node.port,
        '/debug/pprof/heap?thread=probe',
      );
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('application/json');
      expect(JSON.parse(body)).to.have.nested.property('snapshot.meta');
      const files = readdirSync(tmpdir()).filter((name) =>
        name.startsWith(`freno-${node.process.pid}-`),
      );
      expect(files).to.deep.equal([]);
    });

    it('takes one profile at a time', async () => {
      const path = '/debug/pprof/profile?seconds=1';
      // The second may arrive when the first is over: then again.
      await until(async () => {
        const both = await Promise.all([fetchOnce(node.port, path), fetchOnce(node.port, path)]);
        const statuses = both.map(({ status }) => status).sort();
        if (statuses.join() === '200,200') return false;
        expect(statuses).to.deep.equal([200, 503]);
        return true;
      });
    });
  });
});

function sum(metrics: Exposition, labels: Readonly<Record<string, string>>): number {
  return metrics.all('freno_checks_total', labels).reduce((all, { value }) => all + value, 0);
}
