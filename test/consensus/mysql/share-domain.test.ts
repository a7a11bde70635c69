/** Polling the leaders of other domains, which HTTP servers of the test simulate. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { pino } from 'pino';
import { monotonicMs } from '../../../src/base/clock.js';
import { LOG_LEVELS } from '../../../src/base/log.js';
import { ShareDomain } from '../../../src/consensus/mysql/share-domain.js';
import type { ConsensusStatus } from '../../../src/contracts/consensus.js';
import type { UnhealthyAtPeers } from '../../../src/contracts/peer-health.js';

const INTERVAL_MS = 20;

const healthBody = (seconds: number): string =>
  JSON.stringify({
    'mysql/main1': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: seconds },
    'mysql/other': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: 0 },
  });

describe('ShareDomain', () => {
  const servers: Server[] = [];
  const lines: string[] = [];
  let status: Pick<ConsensusStatus, 'IsLeader' | 'ShareDomainServices'>;
  let shareDomain: ShareDomain;
  let unhealthy: ReadonlyMap<string, UnhealthyAtPeers>;
  let publications: Array<() => void>;

  beforeEach(() => {
    lines.length = 0;
    unhealthy = new Map();
    publications = [];
    status = { IsLeader: true, ShareDomainServices: {} };
    shareDomain = new ShareDomain({
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
    });
    shareDomain.start();
  });

  afterEach(async () => {
    shareDomain.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const peer = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
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
});
