/** A host that joins a store which has a value, and does not answer. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { FairResolver } from '../../src/base/dns-resolver.js';
import type { ProbeTarget } from '../../src/contracts/stores.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { MysqlProbe } from '../../src/stores/prober/mysql/probe.js';
import { MetricState } from '../../src/throttle/metric.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const SLOT = 2;

describe('a host that joins a store with a value, and does not answer', () => {
  let probing: Probing;
  let server: SimulatedMySQL;
  let hung: SimulatedMySQL;

  beforeEach(async () => {
    probing = new Probing();
    server = await SimulatedMySQL.listen({ value: 0.5 });
    hung = await SimulatedMySQL.listen();
    await hung.setFault({ kind: 'hang' });
  });

  afterEach(async () => {
    await probing.stop();
    await Promise.all([server.close(), hung.close()]);
  });

  /** How long the store has no value after `joining` is listed beside the server. */
  async function outageMs(joining: ProbeTarget, rules: object): Promise<number> {
    const settings = { metricQuery: 'select 1', ...rules };
    await probing.assign(SLOT, [server], settings);
    await probing.value(SLOT);
    const startedAtMs = monotonicMs();
    await probing.assign(SLOT, [server, joining], settings);
    expect(probing.read(SLOT).state).to.equal(MetricState.notCollected);
    expect(await probing.value(SLOT)).to.equal(0.5);
    return monotonicMs() - startedAtMs;
  }

  it('is ignored after 200 ms where IgnoreHostsCount allows it', async () => {
    expect(await outageMs(hung, { ignoreHostsCount: 1 })).to.be.within(150, 600);
  });

  it('is unreachable to IgnoreDialTcpErrors only while it is being connected to', async () => {
    const probe = new MysqlProbe(
      hung,
      { user: '', password: '', collation: '', tls: null },
      new FairResolver().client(),
      { failed: () => undefined, sessionRefused: () => undefined, connected: () => undefined },
      { finished: () => undefined, failed: () => undefined },
    );
    probe.open(monotonicMs());
    expect(probe.lateFailure(200)).to.include({ unreachable: true });
    await until(() => hung.connections === 1);
    await until(() => !probe.lateFailure(200).unreachable);
    probe.close();
  });

  it('is an error that names it, and counts when it answers', async () => {
    await probing.assign(SLOT, [server], { metricQuery: 'select 1' });
    await probing.value(SLOT);
    await probing.assign(SLOT, [server, hung], { metricQuery: 'select 1' });
    expect(await probing.error(SLOT)).to.equal(
      `read tcp 127.0.0.1:${hung.port}: not read within 200 ms yet`,
    );
    await hung.setFault({ kind: 'none' });
    hung.setValue(7);
    await probing.until(SLOT, ({ value }) => value === 7);
  });

  it('keeps a store without any value from being judged by others', async () => {
    const settings = { metricQuery: 'select 1', ignoreHostsCount: 1 };
    const startedAtMs = monotonicMs();
    await probing.assign(SLOT, [server, hung], settings);
    await probing.value(SLOT);
    expect(monotonicMs() - startedAtMs).to.be.at.least(900);
  });
});
