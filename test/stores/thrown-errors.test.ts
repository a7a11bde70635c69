/** What one host, list or answer throws is an error of that one, and of no other. */
import { lookup } from 'node:dns';
import { expect } from 'chai';
import { formatAddress, isPort, parseAddress } from '../../src/base/address.js';
import { monotonicMs } from '../../src/base/clock.js';
import { createReaderFactory } from '../../src/stores/main/hosts/create-host-source.js';
import { MetricState } from '../../src/throttle/metric.js';
import { OddMySQL } from '../support/odd-mysql.js';
import { Pages } from '../support/pages.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const HEALTHY = 1;
const ODD = 2;
const QUERY = { metricQuery: 'select 1' };

describe('what one host throws', () => {
  let probing: Probing;
  let server: OddMySQL;

  beforeEach(async () => {
    probing = new Probing();
    server = await OddMySQL.listen();
    await probing.assign(HEALTHY, [server], QUERY);
    await probing.value(HEALTHY);
  });

  afterEach(async () => {
    await probing.stop();
    await server.close();
  });

  async function expectHealthy(): Promise<void> {
    const { readAtMs } = probing.read(HEALTHY);
    await probing.until(HEALTHY, (reading) => reading.readAtMs > readAtMs + 100);
    const { state, readAtMs: latestMs } = probing.read(HEALTHY);
    expect(state).to.equal(MetricState.ok);
    expect(monotonicMs() - latestMs).to.be.below(300);
  }

  for (const port of [70_000, -1, 1.5]) {
    it(`is its own error: port ${port}`, async () => {
      await probing.assign(ODD, [{ host: '127.0.0.1', port }], QUERY);
      expect(await probing.error(ODD))
        .to.include('127.0.0.1')
        .and.match(/port/i);
      await expectHealthy();
    });
  }

  it('is its own error at its next attempts too', async () => {
    await probing.assign(ODD, [{ host: '127.0.0.1', port: 70_000 }], QUERY);
    await probing.error(ODD);
    const { error } = await probing.statistics();
    await until(async () => (await probing.statistics()).error >= error + 3);
    await expectHealthy();
  });
});

describe('an address from outside', () => {
  it('has a port that can be connected to, or is none', () => {
    for (const port of [70_000, 65_536, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(parseAddress('db1', port), String(port)).to.equal(null);
      expect(parseAddress('::1', port), String(port)).to.equal(null);
    }
    expect(parseAddress('db1', 65_535)).to.deep.equal({ host: 'db1', port: 65_535 });
    expect(parseAddress('db1', 0)).to.deep.equal({ host: 'db1', port: 0 });
  });

  it('has a name of at most 255 characters', () => {
    expect(parseAddress('d'.repeat(255), 3306)).to.not.equal(null);
    expect(parseAddress('d'.repeat(256), 3306)).to.equal(null);
    expect(parseAddress(`${'d'.repeat(256)}:3306`, 3306)).to.equal(null);
  });
});

describe('a list of tablets with odd values', () => {
  it('lists only what can be connected to', async () => {
    const odd: unknown[] = [
      70_000,
      -1,
      1.5,
      'x',
      {},
      [],
      null,
      '',
      1e300,
      'a\u0000b',
      'x'.repeat(9e3),
    ];
    const tablets = odd.flatMap((value) =>
      ['mysql_port', 'port_map', 'mysql_hostname', 'hostname', 'alias', 'type', 'stats'].map(
        (field) => ({ type: 2, hostname: 'db1', port_map: { mysql: 3306 }, [field]: value }),
      ),
    );
    const ports = odd.map((mysql) => ({ type: 2, hostname: 'db2', port_map: { mysql } }));
    const pages = await Pages.serve((_request, response) =>
      response.end(JSON.stringify([...tablets, ...ports])),
    );
    try {
      const { hosts, oddRows } = await createReaderFactory(lookup)({
        cluster: 'main',
        hosts: {
          ...{ kind: 'vitess', caFile: '', api: pages.url, cells: [], keyspace: 'k', shard: '0' },
          timeoutMs: 5_000,
        },
        port: 3306,
      })!.read();
      expect(hosts).to.not.have.length(0);
      for (const target of hosts) {
        expect(isPort(target.port), formatAddress(target)).to.equal(true);
        expect(parseAddress(formatAddress(target), 0)).to.deep.equal(target);
      }
      expect(oddRows!.join()).to.include('port_map.mysql');
    } finally {
      await pages.close();
    }
  });
});
