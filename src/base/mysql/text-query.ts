/**
 * A statement and its result, read from the packets of the text protocol (MySQL
 * Reference, "COM_QUERY Response"). The client library keeps the connection and cuts the stream
 * into packets; its own query would cost a probe more than all that freno does with the value: an
 * event emitter, a description of each column and a compiled parser, twenty times a second for the
 * same statement. Here the statement is encoded once, columns are named once, and all values stay
 * text. Packets that arrive whole are read where they lie in the chunk; the library cuts out those
 * that are odd.
 *
 * The connection bounds the bytes of a result (connection.ts).
 */
import type { Writable } from 'node:stream';
import type { Connection, QueryError } from 'mysql2';

/** Rows as arrays of columns, in text; null: NULL. */
export type ResultRow = readonly (string | null)[];
export type ResultRows = readonly ResultRow[];

/** `rows` is null for a statement without a result set. */
export type TextQueryCallback = (
  error: QueryError | null,
  rows: ResultRows | null,
  fields: readonly TextField[],
) => void;

export interface TextField {
  readonly name: string;
}

const COM_QUERY = 0x03;
const CLIENT_QUERY_ATTRIBUTES = 1 << 27;
/** No attributes, in one set of parameters. */
const NO_ATTRIBUTES = [0, 1];
const HEADER_BYTES = 4;

const OK = 0x00;
const EOF = 0xfe;
const ERROR = 0xff;
/** Of the payload. */
const EOF_BYTES_MAX = 8;
const EOF_STATUS_AT = 3;
const NULL_VALUE = 0xfb;
const SERVER_MORE_RESULTS_EXISTS = 8;

/** Text columns of a definition before the name: catalog, schema, table, table in the schema. */
const COLUMN_TEXTS_BEFORE_NAME = 4;

/** A packet of a result; it is valid during the call only. */
interface ResultPacket {
  readonly buffer: Buffer;
  /** Of the first byte after the header. */
  readonly offset: number;
  readonly end: number;
}

/** A packet as the client library hands it to a command. */
interface ReceivedPacket extends ResultPacket {
  /** Of an error: the library has cut it out. */
  asError?(encoding: string): QueryError;
}

/** What the library's commands use of a connection. */
interface CommandConnection {
  readonly clientEncoding: string;
  readonly serverCapabilityFlags: number;
  readonly config: { readonly clientFlags: number };
  readonly stream: Writable;
  readonly sequenceId: number;
  addCommand(command: TextQuery): unknown;
  handlePacket(packet: ChunkPacket): void;
  _resetSequenceId(): void;
  _bumpSequenceId(packets: number): void;
}

/** A statement as it is sent, and the columns of its last result. */
interface EncodedStatement {
  readonly statement: string;
  readonly packet: Buffer;
  fields: TextField[];
}

/** The next packet expected. */
type Expected = 'header' | 'field' | 'endOfFields' | 'row';

/** One per connection; one statement at a time. */
export class TextQuery {
  readonly #connection: CommandConnection;
  readonly #callback: TextQueryCallback;
  readonly #statements = new Map<string, EncodedStatement>();
  #sent: EncodedStatement | null = null;
  #columns = 0;
  #columnsSeen = 0;
  #expected: Expected = 'header';
  #rows: Array<Array<string | null>> | null = null;
  /** False also after an error. */
  #isWhole = false;
  /** Where the packet is read. */
  #at = 0;
  readonly #ahead = new ChunkPacket();

  constructor(connection: Connection, callback: TextQueryCallback) {
    this.#connection = connection as unknown as CommandConnection;
    this.#callback = callback;
  }

  /** Calls back with the result, or with the error of the server or of the connection. */
  send(statement: string): void {
    if (statement !== this.#sent?.statement) this.#sent = this.#prepared(statement);
    this.#expected = 'header';
    this.#rows = null;
    this.#isWhole = false;
    this.#connection.addCommand(this);
  }

  /** The library's interface of a command: first without a packet, then with each one. */
  execute(packet: ReceivedPacket | undefined): boolean {
    if (packet === undefined) {
      this.#connection._resetSequenceId();
      this.#connection._bumpSequenceId(1);
      // An error of the stream reaches the library without a callback, too.
      this.#connection.stream.write(this.#sent!.packet);
      return false;
    }
    if (packet.asError !== undefined && isError(packet)) {
      this.onResult(packet.asError(this.#connection.clientEncoding));
      return true;
    }
    this.#isWhole = this.#read(packet);
    return this.#isWhole;
  }

  /**
   * Reads the packets at the start of a chunk, up to one that is not whole, out of order, or odd.
   * Returns their bytes: the library reads the others.
   */
  readAhead(chunk: Buffer): number {
    const packet = this.#ahead;
    let bytes = 0;
    while (packet.moveTo(chunk, bytes, this.#connection.sequenceId) && !this.#isOdd(packet)) {
      bytes = packet.end;
      if (this.#expected === 'row' && isEOF(packet)) {
        // The library ends the command.
        this.#connection.handlePacket(packet);
        break;
      }
      this.#connection._bumpSequenceId(1);
      this.#read(packet);
    }
    return bytes;
  }

  #isOdd(packet: ResultPacket): boolean {
    return isError(packet) || (this.#expected === 'header' && packet.buffer[packet.offset] === OK);
  }

  /** The connection is free for the next statement. */
  ended(): void {
    if (this.#isWhole) this.#callback(null, this.#rows, this.#sent!.fields);
  }

  /** Returns whether the result has ended. */
  #read(packet: ResultPacket): boolean {
    this.#at = packet.offset;
    switch (this.#expected) {
      case 'header':
        return this.#readHeader(packet);
      case 'field':
        return this.#readField(packet);
      case 'endOfFields':
        if (!isEOF(packet)) throw new Error('the server sent more columns than it announced');
        this.#expected = 'row';
        return false;
      case 'row':
        return isEOF(packet) ? this.#end(packet) : this.#readRow(packet);
    }
  }

  /** The library's interface of a command: its connection has failed. */
  onResult(error: QueryError): void {
    this.#callback(error, null, []);
  }

  #prepared(statement: string): EncodedStatement {
    let encoded = this.#statements.get(statement);
    if (encoded === undefined) {
      encoded = { statement, packet: this.#encoded(statement), fields: [] };
      this.#statements.set(statement, encoded);
    }
    return encoded;
  }

  /** Statements are ASCII as a rule, which is the same in every character set of a client. */
  #encoded(statement: string): Buffer {
    const { clientEncoding, config, serverCapabilityFlags } = this.#connection;
    const encoding = Buffer.isEncoding(clientEncoding) ? clientEncoding : 'utf8';
    const hasAttributes =
      (config.clientFlags & serverCapabilityFlags & CLIENT_QUERY_ATTRIBUTES) !== 0;
    const command = [COM_QUERY, ...(hasAttributes ? NO_ATTRIBUTES : [])];
    const payload = Buffer.concat([Buffer.from(command), Buffer.from(statement, encoding)]);
    // 3 bytes of length, and the first sequence number.
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUIntLE(payload.length, 0, 3);
    return Buffer.concat([header, payload]);
  }

  #readHeader(packet: ResultPacket): boolean {
    const first = packet.buffer[packet.offset];
    if (first === OK) return true;
    if (first === NULL_VALUE) throw new Error('the server asks for a local file');
    this.#columns = this.#readLength(packet);
    this.#columnsSeen = 0;
    const sent = this.#sent!;
    if (sent.fields.length !== this.#columns) sent.fields = [];
    this.#rows = [];
    this.#expected = 'field';
    return false;
  }

  #readField(packet: ResultPacket): boolean {
    const { fields } = this.#sent!;
    if (fields.length === this.#columnsSeen) {
      for (let skipped = 0; skipped < COLUMN_TEXTS_BEFORE_NAME; skipped++) this.#readText(packet);
      fields.push({ name: this.#readText(packet) ?? '' });
    }
    this.#columnsSeen++;
    if (this.#columnsSeen === this.#columns) this.#expected = 'endOfFields';
    return false;
  }

  #readRow(packet: ResultPacket): boolean {
    const row = new Array<string | null>(this.#columns);
    for (let column = 0; column < this.#columns; column++) row[column] = this.#readText(packet);
    this.#rows!.push(row);
    return false;
  }

  #end(packet: ResultPacket): boolean {
    const statusAt = packet.offset + EOF_STATUS_AT;
    if ((packet.buffer.readUInt16LE(statusAt) & SERVER_MORE_RESULTS_EXISTS) !== 0) {
      throw new Error('the query returned several results');
    }
    return true;
  }

  /** A text with its length before it; null: NULL. */
  #readText(packet: ResultPacket): string | null {
    const { buffer, end } = packet;
    if (buffer[this.#at] === NULL_VALUE) {
      this.#at++;
      return null;
    }
    const length = this.#readLength(packet);
    const start = this.#at;
    this.#at += length;
    if (this.#at > end) throw new Error('the server sent a text that its packet does not hold');
    return buffer.toString('utf8', start, this.#at);
  }

  /** A length-encoded integer; those beyond a result's bound are not worth decoding. */
  #readLength({ buffer, end }: ResultPacket): number {
    const first = buffer[this.#at]!;
    const bytes = first < NULL_VALUE ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : null;
    if (bytes === null || this.#at + 1 + bytes > end) {
      throw new Error('the server sent a length that no result has');
    }
    const length = bytes === 0 ? first : buffer.readUIntLE(this.#at + 1, bytes);
    this.#at += 1 + bytes;
    return length;
  }
}

/** A packet within a chunk of the stream, in the form that the library takes. */
class ChunkPacket implements ResultPacket {
  buffer: Buffer = Buffer.alloc(0);
  offset = 0;
  end = 0;
  sequenceId = 0;
  readonly numPackets = 1;

  /** False: no whole packet of that sequence number begins there. */
  moveTo(chunk: Buffer, at: number, sequenceId: number): boolean {
    const offset = at + HEADER_BYTES;
    if (offset >= chunk.length || chunk[at + 3] !== sequenceId) return false;
    const length = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
    if (length === 0 || offset + length > chunk.length) return false;
    this.buffer = chunk;
    this.offset = offset;
    this.end = offset + length;
    this.sequenceId = sequenceId;
    return true;
  }
}

function isError({ buffer, offset }: ResultPacket): boolean {
  return buffer[offset] === ERROR;
}

/** A row may begin with that byte, too; then it is longer. */
function isEOF({ buffer, offset, end }: ResultPacket): boolean {
  return buffer[offset] === EOF && end - offset <= EOF_BYTES_MAX;
}
