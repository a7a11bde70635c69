/** A statement of a probe, and what it makes of the packets that come back. */
import { expect } from 'chai';
import type { Connection, QueryError } from 'mysql2';
import { TextQuery } from '../../src/base/mysql/text-query.js';

type Outcome = {
  readonly error: QueryError | null;
  readonly rows: unknown;
  readonly fields: unknown;
};

/** The connection of the client library, as far as commands use it. */
class FakeConnection {
  clientEncoding = 'utf8';
  serverCapabilityFlags = 0;
  config = { clientFlags: 0 };
  readonly written: Buffer[] = [];

  addCommand(command: TextQuery): void {
    command.execute(undefined);
  }

  writePacket(packet: { buffer: Buffer; writeHeader(sequenceId: number): void }): void {
    packet.writeHeader(0);
    this.written.push(Buffer.from(packet.buffer));
  }

  _resetSequenceId(): void {}
}

const text = (value: string | null): Buffer => {
  if (value === null) return Buffer.from([0xfb]);
  const bytes = Buffer.from(value);
  if (bytes.length < 0xfb) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = Buffer.from([0xfc, 0, 0]);
  length.writeUInt16LE(bytes.length, 1);
  return Buffer.concat([length, bytes]);
};

const column = (name: string): Buffer =>
  Buffer.concat([...['def', '', '', ''].map(text), text(name), text('')]);

const EOF = Buffer.from([0xfe, 0, 0, 2, 0]);
const MORE_RESULTS = Buffer.from([0xfe, 0, 0, 8, 0]);

/** As the library cuts it out of the stream. */
function packetOf(payload: Buffer): Parameters<TextQuery['execute']>[0] {
  const buffer = Buffer.concat([Buffer.alloc(4), payload]);
  return {
    buffer,
    offset: 4,
    end: buffer.length,
    isError: () => payload[0] === 0xff,
    isEOF: () => payload[0] === 0xfe && payload.length < 9,
    eofStatusFlags: () => payload.readUInt16LE(3),
    asError: () =>
      Object.assign(new Error(payload.toString('latin1', 3)), { code: '' }) as QueryError,
  };
}

describe('a statement of a probe', () => {
  let connection: FakeConnection;
  let outcomes: Outcome[];
  let query: TextQuery;

  beforeEach(() => {
    connection = new FakeConnection();
    outcomes = [];
    query = new TextQuery(connection as unknown as Connection, (error, rows, fields) => {
      outcomes.push({ error, rows, fields });
    });
  });

  /** Whether the last packet completed the result. */
  function receive(...payloads: readonly Buffer[]): boolean {
    return payloads.map((payload) => query.execute(packetOf(payload))).at(-1)!;
  }

  const delivered = (): Promise<void> => new Promise(setImmediate);

  it('is sent as COM_QUERY', () => {
    query.send('select 1');
    expect(connection.written[0]!.toString('latin1')).to.equal('\x09\0\0\0\x03select 1');
  });

  it('says that it has no attributes to a server that takes them', () => {
    connection.config.clientFlags = 1 << 27;
    connection.serverCapabilityFlags = 1 << 27;
    query.send('select 1');
    expect(connection.written[0]!.toString('latin1')).to.equal('\x0b\0\0\0\x03\0\x01select 1');
  });

  it('returns rows in text, NULL as null, and the names of the columns', async () => {
    query.send('select lag, host from t');
    const rows = [
      [text('0.5'), text(null)],
      [text('7'), text('x'.repeat(300))],
    ];
    expect(receive(Buffer.from([2]), column('lag'), column('host'), EOF)).to.equal(false);
    expect(receive(...rows.map((row) => Buffer.concat(row)), EOF)).to.equal(true);
    await delivered();
    expect(outcomes).to.deep.equal([
      {
        error: null,
        rows: [
          ['0.5', null],
          ['7', 'x'.repeat(300)],
        ],
        fields: [{ name: 'lag' }, { name: 'host' }],
      },
    ]);
  });

  it('names the columns of another statement again', async () => {
    for (const name of ['a', 'b']) {
      query.send(`select ${name}`);
      receive(Buffer.from([1]), column(name), EOF, text('1'), EOF);
      await delivered();
    }
    expect(outcomes.map(({ fields }) => fields)).to.deep.equal([[{ name: 'a' }], [{ name: 'b' }]]);
  });

  it('has no rows where the server sends no result set', async () => {
    query.send('select 1 into @a');
    expect(receive(Buffer.from([0, 0, 0, 2, 0, 0, 0]))).to.equal(true);
    await delivered();
    expect(outcomes).to.deep.equal([{ error: null, rows: null, fields: [] }]);
  });

  it('passes on the error of the server', () => {
    query.send('select no');
    expect(receive(Buffer.from('\xff..no such column', 'latin1'))).to.equal(true);
    expect(outcomes[0]!.error?.message).to.equal('no such column');
  });

  const malformed: ReadonlyArray<readonly [what: string, payloads: Buffer[], error: RegExp]> = [
    ['a request for a file', [Buffer.from('\xfb/etc/passwd', 'latin1')], /local file/],
    ['more results', [Buffer.from([1]), column('a'), EOF, MORE_RESULTS], /several results/],
    ['too many columns', [Buffer.from([1]), column('a'), column('b')], /more columns/],
    ['a text that is cut', [Buffer.from([1]), column('a'), EOF, Buffer.from([9, 65])], /not hold/],
    ['a length of 8 bytes', [Buffer.from([0xfe, 1, 0, 0, 0, 0, 0, 0, 0])], /no result has/],
  ];
  for (const [what, payloads, error] of malformed) {
    it(`refuses ${what}`, () => {
      query.send('select 1');
      expect(() => receive(...payloads)).to.throw(error);
    });
  }
});
