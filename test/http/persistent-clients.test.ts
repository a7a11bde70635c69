/** Clients that send slowly, nothing, or without end. */
import { connect } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS } from '../../src/base/log.js';
import { ConnectionCounts } from '../../src/board/connection-counts.js';
import type { MainResponse } from '../../src/contracts/http.js';
import { probePort } from '../../src/http/main/port-probe.js';
import { NodeEngine } from '../../src/http/worker/engines/node.js';
import { exchangeRaw } from '../support/http-client.js';
import { TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

const IDLE_TIMEOUT_MS = 200;

describe('a client', () => {
  let front: TestFront;
  let engine: NodeEngine;
  let port: number;
  let connections: ConnectionCounts;

  before(async () => {
    front = await TestFront.start('node');
    front.addStore('ok');
    const log = pino({ level: 'silent', customLevels: LOG_LEVELS });
    const { handler, checks, access } = front;
    connections = ConnectionCounts.create();
    engine = new NodeEngine({ handler, checks, access, connections, log }, null, IDLE_TIMEOUT_MS);
    port = await probePort(0);
    await engine.listen({ port, address: '', exclusive: true });
  });

  after(async () => {
    engine.close();
    await front.stop();
  });

  it('that sends nothing, or only a part, is cut off on the node engine', async () => {
    expect(await exchangeRaw(port, ['GET /lb-check HTTP/1.1\r\nHo'])).to.match(/^HTTP\/1.1 408 /);
    const dripped = 'POST /throttle-app/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab';
    await exchangeRaw(port, [dripped]);
    await exchangeRaw(port, []);
  });

  it('that goes idle after a request is cut off on the node engine', async () => {
    const response = await exchangeRaw(port, ['GET /lb-check HTTP/1.1\r\nHost: x\r\n\r\n']);
    expect(response).to.match(/^HTTP\/1.1 200 /);
  });

  it('that does not read its responses is cut off on the node engine', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.pause();
    // More than the buffers of the system hold.
    const asked = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(60);
    const asking = setInterval(() => socket.write(asked), 20);
    try {
      await until(() => connections.open === 1);
      await until(() => connections.open === 0);
    } finally {
      clearInterval(asking);
      socket.destroy();
    }
  });

  it('that waits for its response, and reads, stays connected on the node engine', async () => {
    let answer = (_response: MainResponse): void => {};
    front.respond = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    setTimeout(() => answer({ status: 200, json: '"late"' }), 5 * IDLE_TIMEOUT_MS);
    const asked = 'GET /consensus/state HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(await exchangeRaw(port, [asked])).to.contain('"late"');
  });

  it('that sends checks without end does not make its thread look hung', () => {
    const before = front.signsOfLife;
    const untilMs = performance.now() + 1_200;
    while (performance.now() < untilMs) front.checks.respond('/check/a/mysql/ok', '', 1);
    expect(front.signsOfLife - before).to.be.within(2, 4);
  });
});
