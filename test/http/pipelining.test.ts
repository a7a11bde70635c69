/** Clients that send many requests at once over one connection, or over many. */

import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import { PIPELINED_MAX } from '../../src/http/worker/engines/node-connections.js';
import { REQUESTS_PER_TURN_MAX, TurnBudget } from '../../src/http/worker/engines/turn-budget.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { exchangeRaw, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

const CHECK = 'GET /check/a/mysql/ok HTTP/1.1\r\nHost: x\r\n\r\n';
const COMMAND = 'GET /throttle-app/behind HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST = 'GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n';
const BOUNDS = { uws: REQUESTS_PER_TURN_MAX, node: PIPELINED_MAX };

describe('TurnBudget', () => {
  it('is spent by the requests of one turn, and whole again in the next', async () => {
    const turn = new TurnBudget();
    const taken = (): number => Array.from({ length: 300 }, () => turn.take()).indexOf(false);
    expect(taken()).to.equal(REQUESTS_PER_TURN_MAX);
    await turn.over();
    expect(taken()).to.equal(REQUESTS_PER_TURN_MAX);
  });
});

for (const engine of ENGINES) {
  const bound = BOUNDS[engine];

  describe(`requests that arrive at once on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
    });

    after(() => front.stop());

    it(`are answered when there are ${bound / 2}`, async () => {
      const requests = CHECK.repeat(bound / 2) + LAST;
      const response = await exchangeRaw(front.port, [requests], /404 page not found/);
      expect(answersIn(response)).to.equal(bound / 2);
      expect(front.connections.closedForPipelining).to.equal(0);
    });

    it('end the connection beyond the bound, and what follows is not carried out', async () => {
      const before = front.connections.closedForPipelining;
      const requests = CHECK.repeat(bound * 2) + COMMAND;
      const response = await exchangeRaw(front.port, [requests]);
      expect(answersIn(response)).to.be.at.most(bound);
      expect(front.connections.closedForPipelining).to.equal(before + 1);
      expect(front.mainRequests).to.deep.equal([]);
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).status).to.equal(200);
    });

    it('do not close connections that send one request at a time', async () => {
      const before = front.connections.closedForPipelining;
      const sockets = await Promise.all(Array.from({ length: bound + 50 }, () => open(front.port)));
      const answered = sockets.map((socket) => new Promise((read) => socket.once('data', read)));
      for (const socket of sockets) socket.write(CHECK);
      await Promise.all(answered);
      expect(front.connections.closedForPipelining).to.equal(before);
      for (const socket of sockets) socket.destroy();
    });

    it('of 32 clients do their worst, and another is answered between them', async () => {
      const floods = Array.from({ length: 32 }, () => flood(front.port));
      const before = front.connections.closedForPipelining;
      await until(() => front.connections.closedForPipelining > before + 32);
      const times: number[] = [];
      while (times.length < 5) {
        const sentMs = performance.now();
        expect((await fetchOnce(front.port, '/check/b/mysql/ok')).status).to.equal(200);
        times.push(performance.now() - sentMs);
      }
      for (const end of floods) end();
      await eventLoopTurns();
      expect(times.toSorted((left, right) => left - right)[2]).to.be.lessThan(1_000);
    });
  });
}

function answersIn(responses: string): number {
  return responses.split('HTTP/1.1 200').length - 1;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends 8,192 checks, and again on a new connection whenever that one is closed. */
function flood(port: number): () => void {
  let isOver = false;
  let socket: Socket;
  const start = (): void => {
    if (isOver) return;
    socket = connect({ port, host: '127.0.0.1' }, () => socket.write(CHECK.repeat(8_192)));
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => setImmediate(start));
  };
  start();
  return () => {
    isOver = true;
    socket.destroy();
  };
}
