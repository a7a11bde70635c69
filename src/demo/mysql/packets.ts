/**
 * The few packets of the MySQL protocol that a simulated server sends, as bytes for the socket.
 * Source: MySQL Internals, "Client/Server Protocol" (protocol 4.1, text result sets closed by EOF
 * packets).
 */

const HEADER_BYTES = 4;
const STATUS_AUTOCOMMIT = 2;
const CHARSET_UTF8MB4 = 45;
const CHARSET_BINARY = 63;

export const COMMAND = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  ping: 0x0e,
  resetConnection: 0x1f,
} as const;

/** Without CLIENT_DEPRECATE_EOF and CLIENT_SSL: every client then reads the packets made here. */
const CAPABILITIES =
  0x1 | // LONG_PASSWORD, by which MariaDB's clients know a server that speaks like MySQL
  0x2 | // FOUND_ROWS
  0x4 | // LONG_FLAG
  0x8 | // CONNECT_WITH_DB
  0x200 | // PROTOCOL_41
  0x2000 | // TRANSACTIONS
  0x8000 | // SECURE_CONNECTION
  0x80000 | // PLUGIN_AUTH
  0x100000; // CONNECT_ATTRS

/** A column of a result; numbers are sent as text like everything, with type DOUBLE. */
export interface ResultColumn {
  readonly name: string;
  readonly type: 'number' | 'text';
}

export type Cell = number | string | null;

/**
 * The first packet of a connection (HandshakeV10). The scramble is constant: any password is
 * accepted.
 */
export function handshake(serverVersion: string, connectionId: number): Buffer {
  return packet(
    0,
    Buffer.concat([
      Buffer.from([10]),
      Buffer.from(`${serverVersion}\0`),
      uint(connectionId, 4),
      Buffer.from('simulate\0'),
      uint(CAPABILITIES & 0xffff, 2),
      Buffer.from([CHARSET_UTF8MB4]),
      uint(STATUS_AUTOCOMMIT, 2),
      uint(CAPABILITIES >>> 16, 2),
      Buffer.from([21]),
      Buffer.alloc(10),
      Buffer.from('d by freno.1\0'),
      Buffer.from('mysql_native_password\0'),
    ]),
  );
}

export function ok(sequence: number): Buffer {
  return packet(sequence, Buffer.from([0, 0, 0, STATUS_AUTOCOMMIT, 0, 0, 0]));
}

/** An error with its number and five-character SQL state. */
export function error(sequence: number, code: number, sqlState: string, message: string): Buffer {
  return packet(
    sequence,
    Buffer.concat([Buffer.from([0xff]), uint(code, 2), Buffer.from(`#${sqlState}${message}`)]),
  );
}

/** A whole text result set: its packets follow the command's, which has sequence id 0. */
export function resultSet(
  columns: readonly ResultColumn[],
  rows: ReadonlyArray<readonly Cell[]>,
): Buffer {
  let sequence = 1;
  const packets = [packet(sequence++, lengthEncoded(columns.length))];
  for (const column of columns) packets.push(packet(sequence++, columnDefinition(column)));
  packets.push(packet(sequence++, endOfFile()));
  for (const row of rows) packets.push(packet(sequence++, Buffer.concat(row.map(cell))));
  packets.push(packet(sequence, endOfFile()));
  return Buffer.concat(packets);
}

/**
 * Splits a stream of bytes into the payloads of its packets; keeps what is incomplete for the next
 * chunk.
 */
export class PacketReader {
  #rest: Buffer | null = null;

  constructor(private readonly payloadBytesMax: number) {}

  /** Calls back for each whole packet. Returns false when a packet is larger than allowed. */
  read(chunk: Buffer, onPacket: (payload: Buffer, sequence: number) => void): boolean {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const payloadBytes = bytes.readUIntLE(0, 3);
      if (payloadBytes > this.payloadBytesMax) return false;
      const end = HEADER_BYTES + payloadBytes;
      if (bytes.length < end) break;
      onPacket(bytes.subarray(HEADER_BYTES, end), bytes[3]!);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes.length === 0 ? null : bytes;
    return true;
  }
}

function packet(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence & 0xff;
  return Buffer.concat([header, payload]);
}

function columnDefinition({ name, type }: ResultColumn): Buffer {
  const number = type === 'number';
  return Buffer.concat([
    text('def'),
    text(''), // schema
    text(''), // table
    text(''), // original table
    text(name),
    text(''), // original name
    Buffer.from([0x0c]),
    uint(number ? CHARSET_BINARY : CHARSET_UTF8MB4, 2),
    uint(number ? 23 : 1024, 4),
    Buffer.from([number ? 0x05 : 0xfd, 0, 0, number ? 31 : 0, 0, 0]),
  ]);
}

function endOfFile(): Buffer {
  return Buffer.from([0xfe, 0, 0, STATUS_AUTOCOMMIT, 0]);
}

function cell(value: Cell): Buffer {
  return value === null ? Buffer.from([0xfb]) : text(String(value));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

/** A length-encoded integer below 65,536: no column or text here is longer. */
function lengthEncoded(value: number): Buffer {
  return value < 0xfb ? Buffer.from([value]) : Buffer.concat([Buffer.from([0xfc]), uint(value, 2)]);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}
