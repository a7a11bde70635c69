/**
 * A statement and its result, read from the packets of the text protocol (MySQL
 * Reference, "COM_QUERY Response"). The client library keeps the connection and cuts the stream
 * into packets; its own query would cost a probe more than all that freno does with the value: an
 * event emitter, a description of each column and a compiled parser, twenty times a second for the
 * same statement. Here the statement is encoded once, columns are named once, and all values stay
 * text.
 *
 * The connection bounds the bytes of a result (connection.ts).
 */
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
const NULL_VALUE = 0xfb;
const SERVER_MORE_RESULTS_EXISTS = 8;

/** Text columns of a definition before the name: catalog, schema, table, table in the schema. */
const COLUMN_TEXTS_BEFORE_NAME = 4;

/** A packet as the client library hands it to a command; it is valid during the call only. */
interface ReceivedPacket {
  readonly buffer: Buffer;
  /** Of the first byte after the header. */
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  isEOF(): boolean;
  eofStatusFlags(): number;
  asError(encoding: string): QueryError;
}

/** What the library's commands use of a connection. */
interface CommandConnection {
  readonly clientEncoding: string;
  readonly serverCapabilityFlags: number;
  readonly config: { readonly clientFlags: number };
  addCommand(command: TextQuery): unknown;
  writePacket(packet: QueryPacket): void;
  _resetSequenceId(): void;
}

/** A statement as it is sent, and the columns of its last result. */
interface EncodedStatement {
  readonly packet: QueryPacket;
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
  /** Where the packet is read. */
  #at = 0;

  constructor(connection: Connection, callback: TextQueryCallback) {
    this.#connection = connection as unknown as CommandConnection;
    this.#callback = callback;
  }

  /** Calls back with the result, or with the error of the server or of the connection. */
  send(statement: string): void {
    let encoded = this.#statements.get(statement);
    if (encoded === undefined) {
      encoded = { packet: new QueryPacket(this.#encoded(statement)), fields: [] };
      this.#statements.set(statement, encoded);
    }
    this.#sent = encoded;
    this.#expected = 'header';
    this.#rows = null;
    this.#connection.addCommand(this);
  }

  /** The library's interface of a command: first without a packet, then with each one. */
  execute(packet: ReceivedPacket | undefined): boolean {
    if (packet === undefined) {
      this.#connection._resetSequenceId();
      this.#connection.writePacket(this.#sent!.packet);
      return false;
    }
    if (packet.isError()) {
      this.onResult(packet.asError(this.#connection.clientEncoding));
      return true;
    }
    this.#at = packet.offset;
    switch (this.#expected) {
      case 'header':
        return this.#readHeader(packet);
      case 'field':
        return this.#readField(packet);
      case 'endOfFields':
        if (!packet.isEOF()) throw new Error('the server sent more columns than it announced');
        this.#expected = 'row';
        return false;
      case 'row':
        return packet.isEOF() ? this.#end(packet) : this.#readRow(packet);
    }
  }

  /** The library's interface of a command: its connection has failed. */
  onResult(error: QueryError): void {
    this.#callback(error, null, []);
  }

  /** Statements are ASCII as a rule, which is the same in every character set of a client. */
  #encoded(statement: string): Buffer {
    const { clientEncoding, config, serverCapabilityFlags } = this.#connection;
    const encoding = Buffer.isEncoding(clientEncoding) ? clientEncoding : 'utf8';
    const hasAttributes =
      (config.clientFlags & serverCapabilityFlags & CLIENT_QUERY_ATTRIBUTES) !== 0;
    const command = [COM_QUERY, ...(hasAttributes ? NO_ATTRIBUTES : [])];
    return Buffer.concat([
      Buffer.alloc(HEADER_BYTES),
      Buffer.from(command),
      Buffer.from(statement, encoding),
    ]);
  }

  #readHeader(packet: ReceivedPacket): boolean {
    const first = packet.buffer[packet.offset];
    if (first === OK) return this.#deliver();
    if (first === NULL_VALUE) throw new Error('the server asks for a local file');
    this.#columns = this.#readLength(packet);
    this.#columnsSeen = 0;
    const sent = this.#sent!;
    if (sent.fields.length !== this.#columns) sent.fields = [];
    this.#rows = [];
    this.#expected = 'field';
    return false;
  }

  #readField(packet: ReceivedPacket): boolean {
    const { fields } = this.#sent!;
    if (fields.length === this.#columnsSeen) {
      for (let skipped = 0; skipped < COLUMN_TEXTS_BEFORE_NAME; skipped++) this.#readText(packet);
      fields.push({ name: this.#readText(packet) ?? '' });
    }
    this.#columnsSeen++;
    if (this.#columnsSeen === this.#columns) this.#expected = 'endOfFields';
    return false;
  }

  #readRow(packet: ReceivedPacket): boolean {
    const row = new Array<string | null>(this.#columns);
    for (let column = 0; column < this.#columns; column++) row[column] = this.#readText(packet);
    this.#rows!.push(row);
    return false;
  }

  #end(packet: ReceivedPacket): boolean {
    if ((packet.eofStatusFlags() & SERVER_MORE_RESULTS_EXISTS) !== 0) {
      throw new Error('the query returned several results');
    }
    return this.#deliver();
  }

  /** Once the connection is free for the next statement. */
  #deliver(): boolean {
    process.nextTick(this.#callback, null, this.#rows, this.#sent!.fields);
    return true;
  }

  /** A text with its length before it; null: NULL. */
  #readText(packet: ReceivedPacket): string | null {
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
  #readLength({ buffer, end }: ReceivedPacket): number {
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

/** In the form of the library's packets, as far as it writes them. */
class QueryPacket {
  constructor(readonly buffer: Buffer) {}

  length(): number {
    return this.buffer.length;
  }

  /** The header is 3 bytes of payload length and a sequence number. */
  writeHeader(sequenceId: number): void {
    this.buffer.writeUIntLE(this.buffer.length - HEADER_BYTES, 0, 3);
    this.buffer[3] = sequenceId;
  }
}
