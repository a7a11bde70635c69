/** Entry of the process of the rogue servers. */
import type { Socket } from 'node:net';
import { resultSet } from '../../src/demo/mysql/packets.js';
import { serve } from '../../src/demo/subprocess.js';
import { OddMySQL, type SessionScript } from '../../test/support/odd-mysql.js';
import type { RogueProtocol } from './rogue-servers.js';

const PACKET_BYTES = 0xfffffe;
const CHUNK_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** A chunk that announces one packet of 16 MiB and has its begin. */
const HUGE = begin(0, CHUNK_BYTES);
/** ERR_Packet, 16 MiB of text. */
const HUGE_ERROR = begin(1, CHUNK_BYTES);
HUGE_ERROR[4] = 0xff;
/** The header of a result of 65,535 columns, and no column that could be read. */
const COLUMNS = Buffer.from([3, 0, 0, 1, 0xfc, 0xff, 0xff]);
const FILLING = Buffer.alloc(CHUNK_BYTES, 'x');
const OUT_OF_ORDER = Buffer.concat(
  Array.from({ length: 500 }, () => Buffer.from([7, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0])),
);
/** A result without the packet that ends it. */
const ENDLESS = resultSet(
  [{ name: 'value', type: 'text' }],
  Array.from({ length: 2_000 }, () => ['x'.repeat(20)]),
).subarray(0, -9);

const KINDS: Readonly<Record<string, SessionScript>> = {
  'huge greeting': { greet: (socket) => pour(socket, HUGE, FILLING) },
  'endless rows': whenAsked((socket) => pour(socket, ENDLESS, ENDLESS)),
  '65,535 columns': whenAsked((socket) => pour(socket, COLUMNS, FILLING)),
  'packets out of order': whenAsked((socket) => pour(socket, OUT_OF_ORDER, OUT_OF_ORDER)),
  'error of 16 MiB': whenAsked((socket) => pour(socket, HUGE_ERROR, FILLING)),
};

const servers = new Map<string, OddMySQL[]>();

serve<RogueProtocol>({
  async start(count) {
    const kinds = Object.entries(KINDS);
    const addresses = [];
    for (let number = 0; number < count; number++) {
      const [kind, script] = kinds[number % kinds.length]!;
      const server = await OddMySQL.listen(() => script);
      servers.set(kind, [...(servers.get(kind) ?? []), server]);
      addresses.push({ host: server.host, port: server.port });
    }
    return addresses;
  },
  accepted: () =>
    Object.fromEntries(
      Array.from(servers, ([kind, each]) => [
        kind,
        each.reduce((sum, { accepted }) => sum + accepted, 0),
      ]),
    ),
});

function begin(sequence: number, bytes: number): Buffer {
  const chunk = Buffer.alloc(bytes, 'x');
  chunk.writeUIntLE(PACKET_BYTES, 0, 3);
  chunk[3] = sequence;
  return chunk;
}

/** As a healthy server until it is asked for the metric. */
function whenAsked(answer: (socket: Socket) => void): SessionScript {
  return {
    answer: (sql, socket) => {
      if (/^set\b/i.test(sql)) return null;
      answer(socket);
      return NOTHING;
    },
  };
}

/** Sends the first chunk once and the other again and again, as fast as they are read. */
function pour(socket: Socket, first: Buffer, then: Buffer): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(then));
  };
  socket.on('drain', write);
  if (socket.write(first)) write();
}
