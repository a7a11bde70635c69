/**
 * HAProxy in front of three real nodes, with the shipped resources/haproxy.cfg and with a file like
 * the original's.
 */
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { STORE, statusOf, TestCluster, throttledApps } from '../support/cluster.js';
import { HAProxy } from '../support/haproxy.js';
import { fetchOnce } from '../support/http-client.js';
import { needPrograms } from '../support/needs.js';
import { type PacedAnswer, PacedClient } from '../support/paced-client.js';
import { startShippedHAProxy } from '../support/shipped-haproxy.js';
import { until } from '../support/until.js';

const CHECK = `/check/batch/mysql/${STORE}`;
const PER_SECOND = 200;
/** Each node has its own threshold, which identifies it in a response. */
const THRESHOLDS = [101, 102, 103];
/**
 * Responses during a fail-over: of a node that lost leadership or does not have it yet, or of
 * HAProxy itself.
 */
const IN_THE_GAP = [404, 502, 503, 504];

interface FrontAnswer {
  readonly Value: number;
  readonly Threshold: number;
}

const bodyOf = ({ body }: PacedAnswer) => JSON.parse(body) as FrontAnswer;

describe('HAProxy in front of three nodes', () => {
  let cluster: TestCluster;
  let haproxy: HAProxy;
  let client: PacedClient;

  before(function () {
    needPrograms(this, 'haproxy');
  });

  describe('with resources/haproxy.cfg', () => {
    before(async () => {
      cluster = await TestCluster.start(3, {}, { thresholds: THRESHOLDS });
      haproxy = await startShippedHAProxy(cluster.nodes);
    });

    beforeEach(async () => {
      await cluster.heal();
      client = new PacedClient(haproxy.port, CHECK, PER_SECOND);
      await client.next('a response of the leader', ({ status }) => status === 200);
    });

    afterEach(() => client?.end());

    after(async () => {
      await haproxy?.stop();
      await cluster?.stop();
    });

    it('serves values of the new leader after a gap when the leader is killed', async () => {
      const leader = await cluster.leader();
      await cluster.fleet.change([{ server: 0, value: 7.5 }]);
      leader.process.signal('SIGKILL');
      await leader.process.exited;
      const endedAtMs = performance.now();
      const next = await firstToAnswer(cluster.others(leader));
      await tellTheGap('kill -9', leader, next.node, next.atMs);

      const late = client.answers.filter(({ sentAtMs }) => sentAtMs > endedAtMs);
      for (const response of late.filter(({ status }) => status === 200)) {
        expect(bodyOf(response)).to.include({ Value: 7.5, Threshold: thresholdOf(next.node) });
      }
      expectNoOtherStatus();
    });

    it('has a shorter gap on SIGTERM of the leader, and serves no stale value', async () => {
      const leader = await cluster.leader();
      await cluster.fleet.change([{ server: 0, value: 7.5 }]);
      const seen = await client.next(
        'the changed value',
        (response) => response.status === 200 && bodyOf(response).Value === 7.5,
      );
      leader.process.signal('SIGTERM');
      const next = await firstToAnswer(cluster.others(leader));
      expect(await leader.process.exited).to.deep.equal({ code: 0, signal: null });
      await tellTheGap('SIGTERM', leader, next.node, next.atMs);

      const late = client.answers.filter(({ sentAtMs }) => sentAtMs > seen.answeredAtMs);
      for (const response of late.filter(({ status }) => status === 200)) {
        expect(bodyOf(response).Value).to.equal(7.5);
      }
      const { answeredAtMs } = late.find(isOf(next.node))!;
      const older = late.filter(isOf(leader)).filter(({ sentAtMs }) => sentAtMs > answeredAtMs);
      expect(older, 'responses of the old leader after the new one').to.deep.equal([]);
      expectNoOtherStatus();
    });

    it('serves clients when the leader is unresponsive', async () => {
      const leader = await cluster.leader();
      leader.process.signal('SIGSTOP');
      const next = await firstToAnswer(cluster.others(leader));
      await tellTheGap('SIGSTOP', leader, next.node, next.atMs);
      await client.end();
      expect(leader.running, 'the hung leader, still').to.equal(true);
      expectNoOtherStatus();
    });

    it('routes commands and lists to the leader, with the address of the client', async () => {
      /**
       * The response of the leader. On a busy machine a health check of HAProxy may fail; it then
       * closes its connections.
       */
      const answerTo = (path: string) =>
        until(async () => {
          const headers = { 'X-Forwarded-For': '203.0.113.9' };
          const response = await fetchOnce(haproxy.port, path, { headers }).catch(() => undefined);
          expect(response?.status).to.be.oneOf([200, ...IN_THE_GAP, undefined]);
          return response?.status === 200 && response;
        });
      await answerTo('/throttle-app/archive/ttl/10');
      const listed = await answerTo('/throttled-apps');
      expect(JSON.parse(listed.body)).to.have.property('archive');
      for (const node of cluster.nodes) {
        await until(async () => (await throttledApps(node)).includes('archive'));
      }
      const recent = await answerTo('/recent-apps');
      expect(JSON.parse(recent.body)).to.have.property('batch/127.0.0.1');
    });
  });

  it('supports the HTTP/1.0 health checks of the original with the node engine', async () => {
    cluster = await TestCluster.start(3, { HttpEngine: 'node' });
    haproxy = await HAProxy.startFile((port, socket) => originalStyle(cluster.nodes, port, socket));
    try {
      const servesChecks = (): Promise<true> =>
        until(async () => {
          // HAProxy closes the connection of a request that was in flight to the killed node.
          const response = await fetchOnce(haproxy.port, CHECK).catch(() => undefined);
          return response?.status === 200;
        });
      await servesChecks();
      const leader = await cluster.leader();
      leader.process.signal('SIGKILL');
      await leader.process.exited;
      const next = await cluster.leader(cluster.others(leader));
      await servesChecks();
      expect(await statusOf(next, CHECK)).to.equal(200);
    } finally {
      await haproxy.stop();
      await cluster.stop();
    }
  });

  function thresholdOf(node: FrenoNode): number {
    return THRESHOLDS[cluster.nodes.indexOf(node)]!;
  }

  function isOf(node: FrenoNode): (response: PacedAnswer) => boolean {
    return (response) =>
      response.status === 200 && bodyOf(response).Threshold === thresholdOf(node);
  }

  /** Sends requests to the nodes directly, not through HAProxy. */
  async function firstToAnswer(nodes: readonly FrenoNode[]) {
    return until(async () => {
      for (const node of nodes) {
        if ((await statusOf(node, CHECK)) === 200) return { node, atMs: performance.now() };
      }
      return undefined;
    });
  }

  /** Waits for the new leader's responses through HAProxy and prints the length of the gap. */
  async function tellTheGap(cause: string, old: FrenoNode, next: FrenoNode, directAtMs: number) {
    await client.next('200 of the new leader', isOf(next));
    const last = client.answers.findLast(isOf(old))!.answeredAtMs;
    const first = client.answers.find(isOf(next))!.answeredAtMs;
    const through = Math.round(first - last);
    const direct = Math.round(directAtMs - last);
    const statuses = new Map<number, number>();
    for (const { status } of client.answers) {
      if (status !== 200) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    const instead = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
    console.log(
      `      ${cause}: ${through} ms without 200 (${instead}), ${direct} ms at the node itself`,
    );
  }

  function expectNoOtherStatus(): void {
    const others = client.answers.filter(
      ({ status }) => status !== 200 && !IN_THE_GAP.includes(status),
    );
    expect(others).to.deep.equal([]);
  }
});

/** `option httpchk` without a version, whose checks are HTTP/1.0. */
function originalStyle(nodes: readonly FrenoNode[], port: number, socket: string): string {
  return `
global
  stats socket ${socket} level admin
listen freno
  bind 127.0.0.1:${port}
  mode http
  balance first
  retries 1
  option redispatch
  option httpchk GET /leader-check
  timeout client 5s
  timeout server 5s
  timeout connect 1s
  default-server inter 200ms fall 1 rise 1 on-marked-down shutdown-sessions
${nodes.map((node) => `  server freno-${node.port} 127.0.0.1:${node.port} check`).join('\n')}
`;
}
