/** Polling the leaders of other domains, which HTTP servers of the test simulate. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { expect } from 'chai';
import { pino } from 'pino';
import { monotonicMs } from '../../../src/base/clock.js';
import { LOG_LEVELS } from '../../../src/base/log.js';
import type { ShareDomainTls } from '../../../src/config/share-domain.js';
import { ShareDomain, type ShareDomainOptions } from '../../../src/consensus/mysql/share-domain.js';
import type { ConsensusStatus } from '../../../src/contracts/consensus.js';
import type { UnhealthyAtPeers } from '../../../src/contracts/peer-health.js';
import { type Certificate, CertificateAuthority } from '../../support/certificates.js';

const INTERVAL_MS = 20;

const healthBody = (seconds: number): string =>
  JSON.stringify({
    'mysql/main1': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: seconds },
    'mysql/other': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: 0 },
  });

describe('ShareDomain', () => {
  const servers: Array<Server | TlsServer> = [];
  const lines: string[] = [];
  let status: Pick<ConsensusStatus, 'IsLeader' | 'ShareDomainServices'>;
  let shareDomain: ShareDomain;
  let sharing: Omit<ShareDomainOptions, 'tls'>;
  let unhealthy: ReadonlyMap<string, UnhealthyAtPeers>;
  let publications: Array<() => void>;

  beforeEach(() => {
    lines.length = 0;
    unhealthy = new Map();
    publications = [];
    status = { IsLeader: true, ShareDomainServices: {} };
    sharing = {
      status: () => status as ConsensusStatus,
      peerHealth: {
        setUnhealthyAtPeers: (reports) => {
          unhealthy = reports;
          for (const wake of publications.splice(0)) wake();
        },
      },
      log: pino(
        { level: 'debug', customLevels: LOG_LEVELS },
        { write: (line) => lines.push(line) },
      ),
      intervalMs: INTERVAL_MS,
    };
    start(null);
  });

  function start(tls: ShareDomainTls | null): void {
    shareDomain = new ShareDomain({ ...sharing, tls });
    shareDomain.start();
  }

  afterEach(async () => {
    shareDomain.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const peer = async (listener: RequestListener): Promise<string> => {
    return addressOf(createServer(listener));
  };
  const addressOf = async (server: Server | TlsServer): Promise<string> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => publications.push(resolve));
  };

  it('reports a store as unhealthy for 5 s when it is unhealthy at a peer for 1 s', async () => {
    const paths: Array<string | undefined> = [];
    const west = await peer((request, response) => {
      paths.push(request.url);
      response.end(healthBody(1));
    });
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => unhealthy.has('main1'));
    expect([...unhealthy.keys()]).to.deep.equal(['main1']);
    expect(unhealthy.get('main1')!.untilMs - monotonicMs()).to.be.within(4_000, 5_000);
    expect(paths[0]).to.equal('/metrics-health');
  });

  it('names the domains where an enforced metric of a store is unhealthy', async () => {
    const entry = { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: 3 };
    const healthy = { ...entry, SecondsSinceLastHealthy: 0 };
    const loaded = { 'mysql/main1': healthy, 'mysql/main1/threads_running': entry };
    const tried = { 'mysql/other': healthy, 'mysql/other/load': { ...entry, Mode: 'observe' } };
    const west = await peer((_request, response) => response.end(JSON.stringify(loaded)));
    const east = await peer((_request, response) =>
      response.end(JSON.stringify({ ...loaded, ...tried })),
    );
    status = { IsLeader: true, ShareDomainServices: { west, east } };
    await until(() => unhealthy.get('main1')?.domains.length === 2);
    expect(unhealthy.get('main1')?.domains).to.deep.equal(['east', 'west']);
    expect([...unhealthy.keys()]).to.deep.equal(['main1']);
  });

  it('reports a store as healthy again when all peers report it as healthy', async () => {
    let seconds = 7;
    const west = await peer((_request, response) => response.end(healthBody(seconds)));
    const north = await peer((_request, response) => response.end(healthBody(0)));
    status = { IsLeader: true, ShareDomainServices: { west, north } };
    await until(() => unhealthy.has('main1'));
    seconds = 0;
    await until(() => !unhealthy.has('main1'));
  });

  it('keeps the last report of an unreachable peer until it expires', async () => {
    let isDown = false;
    const west = await peer((request, response) => {
      if (isDown) request.socket.destroy();
      else response.end(healthBody(3));
    });
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => unhealthy.has('main1'));
    isDown = true;
    await until(() => lines.some((line) => line.includes(`polling ${west} failed`)));
    const untilMs = unhealthy.get('main1')?.untilMs;
    status = { IsLeader: true, ShareDomainServices: {} };
    await until(() => true);
    await new Promise((resolve) => setTimeout(resolve, 3 * INTERVAL_MS));
    expect(unhealthy.get('main1')?.untilMs).to.equal(untilMs);
  });

  it('deletes all reports when this node loses leadership', async () => {
    const west = await peer((_request, response) => response.end(healthBody(3)));
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => unhealthy.has('main1'));
    status = { IsLeader: false, ShareDomainServices: { west } };
    await until(() => !unhealthy.has('main1'));
  });

  it('ignores invalid responses, and logs each failure once', async () => {
    const upgrade = 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const long = '9'.repeat((1 << 20) + 1);
    const responses = ['[]', '{"mysql/main1":{}}', 'no JSON', long, upgrade];
    for (const body of responses) {
      const west = await peer((request, response) =>
        body.startsWith('HTTP') ? request.socket.end(body) : response.end(body),
      );
      status = { IsLeader: true, ShareDomainServices: { west } };
      const failures = (): string[] =>
        lines.filter((line) => line.includes(`polling ${west} failed`));
      await until(() => failures().length > 0);
      await new Promise((resolve) => setTimeout(resolve, 3 * INTERVAL_MS));
      expect(failures().length).to.equal(1);
      expect(unhealthy.size).to.equal(0);
    }
  });

  describe('over TLS', () => {
    let authority: CertificateAuthority;
    let stranger: CertificateAuthority;

    before(async () => {
      authority = await CertificateAuthority.create('authority of all domains');
      stranger = await CertificateAuthority.create('another authority');
    });

    after(async () => {
      await authority.remove();
      await stranger.remove();
    });

    async function tlsPeer(issued: Promise<Certificate>): Promise<string> {
      const { certFile, keyFile } = await issued;
      const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
      return addressOf(createTlsServer(pair, (_request, response) => response.end(healthBody(2))));
    }

    function ask(west: string, acceptsClear = false): void {
      shareDomain.stop();
      start({ caFile: authority.caFile, acceptsClear });
      status = { IsLeader: true, ShareDomainServices: { west } };
    }

    const failure = (west: string): string | undefined =>
      lines.find((line) => line.includes(`polling ${west} failed`));

    it('asks a leader with a certificate of the authority', async () => {
      ask(await tlsPeer(authority.issue('west', 'IP:127.0.0.1')));
      await until(() => unhealthy.has('main1'));
    });

    for (const [what, issue, reason] of [
      ['another authority', () => stranger.issue('west', 'IP:127.0.0.1'), 'unable to verify'],
      ['another name', () => authority.issue('east', 'IP:127.0.0.2'), 'does not match'],
      ['a past time', () => authority.issueFor([-2, -1], 'past', 'IP:127.0.0.1'), 'has expired'],
    ] as const) {
      for (const acceptsClear of [false, true]) {
        const mode = acceptsClear ? 'accept' : 'require';
        it(`says that a certificate is of ${what}, in the mode "${mode}"`, async () => {
          const west = await tlsPeer(issue());
          ask(west, acceptsClear);
          await until(() => failure(west) !== undefined);
          expect(failure(west)).to.contain(reason);
          expect(unhealthy.size).to.equal(0);
        });
      }
    }

    it('asks one that speaks no TLS in clear, in the mode "accept" alone', async () => {
      const west = await peer((_request, response) => response.end(healthBody(2)));
      ask(west);
      await until(() => failure(west) !== undefined);
      expect(unhealthy.size).to.equal(0);
      ask(west, true);
      await until(() => unhealthy.has('main1'));
    });
  });
});
