/** Asking the leaders of other domains, with leaders that the test plays. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { pino } from 'pino';
import { monotonicMs } from '../../../src/base/clock.js';
import { ShareDomain } from '../../../src/consensus/mysql/share-domain.js';
import type { ConsensusStatus } from '../../../src/contracts/consensus.js';

const INTERVAL_MS = 20;

const HEALTH = (seconds: number): string =>
  JSON.stringify({
    'mysql/main1': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: seconds },
    'mysql/other': { LastHealthyAt: '2026-01-01T00:00:00Z', SecondsSinceLastHealthy: 0 },
  });

describe('domains that share', () => {
  const servers: Server[] = [];
  const lines: string[] = [];
  let status: Pick<ConsensusStatus, 'IsLeader' | 'ShareDomainServices'>;
  let shared: ShareDomain;
  let verdicts: ReadonlyMap<string, number>;
  let publications: Array<() => void>;

  beforeEach(() => {
    lines.length = 0;
    verdicts = new Map();
    publications = [];
    status = { IsLeader: true, ShareDomainServices: {} };
    shared = new ShareDomain({
      status: () => status as ConsensusStatus,
      peerHealth: {
        setUnhealthyAtPeers: (untilMs) => {
          verdicts = untilMs;
          for (const wake of publications.splice(0)) wake();
        },
      },
      log: pino({ level: 'debug' }, { write: (line) => lines.push(line) }),
      intervalMs: INTERVAL_MS,
    });
    shared.start();
  });

  afterEach(async () => {
    shared.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const peer = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => publications.push(resolve));
  };

  it('take a metric that has not been healthy at a leader for a second for unhealthy, for 5 s', async () => {
    const paths: Array<string | undefined> = [];
    const west = await peer((request, response) => {
      paths.push(request.url);
      response.end(HEALTH(1));
    });
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => verdicts.has('main1'));
    expect([...verdicts.keys()]).to.deep.equal(['main1']);
    expect(verdicts.get('main1')! - monotonicMs()).to.be.within(4_000, 5_000);
    expect(paths[0]).to.equal('/metrics-health');
  });

  it('take it for healthy again as soon as every leader says so', async () => {
    let seconds = 7;
    const west = await peer((_request, response) => response.end(HEALTH(seconds)));
    const north = await peer((_request, response) => response.end(HEALTH(0)));
    status = { IsLeader: true, ShareDomainServices: { west, north } };
    await until(() => verdicts.has('main1'));
    seconds = 0;
    await until(() => !verdicts.has('main1'));
  });

  it('keep what a leader said that has died, until its time is over', async () => {
    let dead = false;
    const west = await peer((request, response) => {
      if (dead) request.socket.destroy();
      else response.end(HEALTH(3));
    });
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => verdicts.has('main1'));
    dead = true;
    await until(() => lines.some((line) => line.includes(`asking ${west} fails`)));
    const untilMs = verdicts.get('main1');
    status = { IsLeader: true, ShareDomainServices: {} };
    await until(() => true);
    await new Promise((resolve) => setTimeout(resolve, 3 * INTERVAL_MS));
    expect(verdicts.get('main1')).to.equal(untilMs);
  });

  it('forget everything with leadership', async () => {
    const west = await peer((_request, response) => response.end(HEALTH(3)));
    status = { IsLeader: true, ShareDomainServices: { west } };
    await until(() => verdicts.has('main1'));
    status = { IsLeader: false, ShareDomainServices: { west } };
    await until(() => !verdicts.has('main1'));
  });

  it('bear with answers that make no sense, and name each fault once', async () => {
    const upgrade = 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const long = '9'.repeat((1 << 20) + 1);
    const answers = ['[]', '{"mysql/main1":{}}', 'no JSON', long, upgrade];
    for (const answer of answers) {
      const west = await peer((request, response) =>
        answer.startsWith('HTTP') ? request.socket.end(answer) : response.end(answer),
      );
      status = { IsLeader: true, ShareDomainServices: { west } };
      const failures = (): string[] =>
        lines.filter((line) => line.includes(`asking ${west} fails`));
      await until(() => failures().length > 0);
      await new Promise((resolve) => setTimeout(resolve, 3 * INTERVAL_MS));
      expect(failures().length).to.equal(1);
      expect(verdicts.size).to.equal(0);
    }
  });
});
