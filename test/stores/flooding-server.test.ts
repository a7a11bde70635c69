/** Servers that send too much, or packets out of order, beside a healthy one. */

import type { Socket } from 'node:net';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { connectionFailure } from '../../src/base/mysql/failure.js';
import { ok } from '../../src/demo/mysql/packets.js';
import { MetricState } from '../../src/throttle/metric.js';
import { OddMySQL, type SessionScript } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const HEALTHY = 1;
const ODD = 2;
const QUERY = { metricQuery: 'select 1' };

/** A packet with a payload of that length. */
function packet(sequence: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(4 + bytes, 1);
  buffer.writeUIntLE(bytes, 0, 3);
  buffer[3] = sequence & 0xff;
  return buffer;
}

/** Sends the same again and again, as fast as it is read. */
function pour(socket: Socket, chunk: Buffer): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
}

const TOO_MUCH = 'the server sent more than 65536 bytes at once';
const OUT_OF_ORDER = 'the server sent packets out of order';

const SCRIPTS: ReadonlyArray<readonly [what: string, script: SessionScript, error: string]> = [
  ['a greeting without end', { greet: (socket) => pour(socket, packet(0, 0xfffffe)) }, TOO_MUCH],
  ['a login without end', { logIn: (socket) => pour(socket, packet(2, 0xfffffe)) }, TOO_MUCH],
  [
    'settings that are answered without end',
    {
      answer: (sql, socket) => {
        if (sql.startsWith('SET')) pour(socket, packet(1, 0xfffffe));
        return sql.startsWith('SET') ? Buffer.alloc(0) : null;
      },
    },
    TOO_MUCH,
  ],
  [
    'packets out of order',
    {
      answer: (sql, socket) => {
        if (sql.startsWith('select')) pour(socket, Buffer.concat([...Array(500)].map(() => ok(9))));
        return sql.startsWith('select') ? Buffer.alloc(0) : null;
      },
    },
    OUT_OF_ORDER,
  ],
];

describe('a server that sends too much', () => {
  let probing: Probing;
  const servers: OddMySQL[] = [];

  beforeEach(async () => {
    probing = new Probing();
    const healthy = await listen(() => ({}));
    await probing.assign(HEALTHY, [healthy], QUERY);
    await probing.value(HEALTHY);
  });

  afterEach(async () => {
    await probing.stop();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function listen(script: () => SessionScript): Promise<OddMySQL> {
    const server = await OddMySQL.listen(script);
    servers.push(server);
    return server;
  }

  for (const [what, script, text] of SCRIPTS) {
    it(`is an error that says so: ${what}`, async () => {
      const printed: unknown[] = [];
      const { error: print } = console;
      console.error = (...values) => printed.push(...values);
      try {
        const odd = await listen(() => script);
        await probing.assign(ODD, [odd], QUERY);
        expect(await probing.error(ODD)).to.equal(`${odd.host}:${odd.port}: ${text}`);
        let oldestMs = 0;
        await until(() => {
          const { state, readAtMs } = probing.read(HEALTHY);
          expect(state).to.equal(MetricState.ok);
          oldestMs = Math.max(oldestMs, monotonicMs() - readAtMs);
          return odd.accepted >= 4;
        });
        expect(oldestMs).to.be.below(1_000);
      } finally {
        console.error = print;
      }
      expect(printed).to.deep.equal([]);
    });
  }

  it('has an error text of a few hundred characters', () => {
    const sqlMessage = 'too much '.repeat(7_000);
    const reported = Object.assign(new Error(sqlMessage), {
      code: '',
      errno: 1105,
      fatal: false,
      sqlMessage,
    });
    const { text } = connectionFailure('db1:3306', reported);
    expect(text).to.match(/Error 1105: too .*… \(63000 characters\)$/);
    expect(text.length).to.be.below(400);
  });
});
