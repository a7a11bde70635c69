/** Publishing in a real memcached over TLS: which certificates are accepted, what the log says. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS } from '../../src/base/log.js';
import type { TlsSettings } from '../../src/base/mysql/tls.js';
import { MemcachePublisher } from '../../src/publish/prober/memcache/publisher.js';
import { MetricState } from '../../src/throttle/metric.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { Memcached } from '../support/memcached.js';
import { needPrograms } from '../support/needs.js';
import { until } from '../support/until.js';

describe('publishing in memcached over TLS', () => {
  const log: string[] = [];
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let server: Memcached | undefined;
  let publisher: MemcachePublisher | undefined;

  before(async function () {
    needPrograms(this, 'memcached', 'openssl');
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
  });

  beforeEach(() => {
    log.length = 0;
  });

  afterEach(async () => {
    publisher?.close();
    await server?.stop();
    server = undefined;
  });

  after(async () => {
    await authority?.remove();
    await stranger?.remove();
  });

  async function start(certificate?: Certificate): Promise<Memcached> {
    server = await Memcached.start('auto', certificate);
    return server;
  }

  function publisherTo(address: string, changes: Partial<TlsSettings> = {}): MemcachePublisher {
    const files = { caFile: authority.caFile, certFile: '', keyFile: '' };
    const tls = { ...files, serverName: '', skipVerify: false, ...changes };
    publisher = new MemcachePublisher({
      address: { servers: [address], path: 'freno', tls },
      mayAct: () => true,
      log: pino(
        { level: 'warn', customLevels: LOG_LEVELS },
        { write: (line) => void log.push(line) },
      ),
    });
    return publisher;
  }

  /** Publishes again and again, as a probe thread does, until the condition holds. */
  async function publishUntil(condition: () => boolean): Promise<void> {
    const store = publisher!.open('main');
    await until(() => {
      store.publish(MetricState.ok, 0.5);
      return condition();
    });
  }

  function reason(): string {
    return (JSON.parse(log[0]!) as { error: string }).error;
  }

  it('writes values, and goes on when memcached was restarted', async () => {
    const memcached = await start(await authority.issue('good', 'IP:127.0.0.1'));
    const { statistics: before } = publisherTo(memcached.address);
    expect(before.written).to.equal(0);
    await publishUntil(() => publisher!.statistics.written >= 3);
    expect(await memcached.statistic('cmd_set')).to.be.at.least(3);
    expect(log).to.be.empty;
    await memcached.stop();
    await publishUntil(() => log.length > 0);
    await memcached.restart();
    const { written } = publisher!.statistics;
    await publishUntil(() => publisher!.statistics.written > written);
    expect(log.at(-1)).to.include('memcached is available again');
  });

  it('expects the name that is configured', async () => {
    const memcached = await start(await authority.issue('named', 'DNS:cache.example'));
    publisherTo(memcached.address, { serverName: 'cache.example' });
    await publishUntil(() => publisher!.statistics.written > 0);
  });

  const refusals: ReadonlyArray<readonly [string, () => Promise<Certificate>, RegExp]> = [
    ['has expired', () => authority.issueFor([-2, -1], 'old', 'IP:127.0.0.1'), /has expired/],
    ['is for another name', () => authority.issue('b', 'DNS:b.example'), /127\.0\.0\.1.*cert/],
    ['is of another authority', () => stranger.issue('c', 'IP:127.0.0.1'), /unable to verify/],
  ];
  for (const [which, make, expected] of refusals) {
    it(`writes nothing where the certificate ${which}, and says so`, async () => {
      const memcached = await start(await make());
      publisherTo(memcached.address);
      await publishUntil(() => log.length > 0);
      expect(reason()).to.match(expected);
      expect(await memcached.statistic('cmd_set')).to.equal(0);
    });
  }

  it('writes nothing to a server without TLS', async () => {
    const memcached = await start();
    publisherTo(memcached.address);
    await publishUntil(() => log.length > 0);
    expect(reason()).to.match(/closed|TLS|SSL|wrong version/);
    expect(await memcached.statistic('cmd_set')).to.equal(0);
  });

  it('gives up a server that does not answer the handshake', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    publisherTo(`127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await publishUntil(() => log.length > 0);
    expect(reason()).to.equal('no TLS handshake in time');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('names a file that it cannot read', async () => {
    const memcached = await start(await authority.issue('good', 'IP:127.0.0.1'));
    publisherTo(memcached.address, { caFile: '/nowhere/ca.pem' });
    await publishUntil(() => log.length > 0);
    expect(reason()).to.match(/^MemcacheTLS\.CAFile: .*\/nowhere\/ca\.pem/);
  });
});
