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
  sequenceId = 0;
  readonly written: Buffer[] = [];
  readonly stream = { write: (packet: Buffer) => this.written.push(packet) };

  #command: TextQuery | undefined;

  addCommand(command: TextQuery): void {
    this.#command = command;
    this.handlePacket();
  }

  /** Returns whether the packet completed the result. */
  handlePacket(packet?: Parameters<TextQuery['execute']>[0]): boolean {
    const command = this.#command!;
    if (packet !== undefined) this._bumpSequenceId(1);
    const isEnded = command.execute(packet);
    if (isEnded) command.ended();
    return isEnded;
  }

  _resetSequenceId(): void {
    this.sequenceId = 0;
  }

  _bumpSequenceId(packets: number): void {
    this.sequenceId += packets;
  }
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
    asError: () =>
      Object.assign(new Error(payload.toString('latin1', 3)), { code: '' }) as QueryError,
  };
}

/** The packets of a result as they are sent, from the first sequence number after the statement. */
function streamOf(payloads: readonly Buffer[], firstSequenceId = 1): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload, index) => {
      const header = Buffer.from([0, 0, 0, firstSequenceId + index]);
      header.writeUIntLE(payload.length, 0, 3);
      return [header, payload];
    }),
  );
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
    return payloads.map((payload) => connection.handlePacket(packetOf(payload))).at(-1)!;
  }

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

  it('returns rows in text, NULL as null, and the names of the columns', () => {
    query.send('select lag, host from t');
    const rows = [
      [text('0.5'), text(null)],
      [text('7'), text('x'.repeat(300))],
    ];
    expect(receive(Buffer.from([2]), column('lag'), column('host'), EOF)).to.equal(false);
    expect(receive(...rows.map((row) => Buffer.concat(row)), EOF)).to.equal(true);
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

  it('names the columns of another statement again', () => {
    for (const name of ['a', 'b']) {
      query.send(`select ${name}`);
      receive(Buffer.from([1]), column(name), EOF, text('1'), EOF);
    }
    expect(outcomes.map(({ fields }) => fields)).to.deep.equal([[{ name: 'a' }], [{ name: 'b' }]]);
  });

  it('has no rows where the server sends no result set', () => {
    query.send('select 1 into @a');
    expect(receive(Buffer.from([0, 0, 0, 2, 0, 0, 0]))).to.equal(true);
    expect(outcomes).to.deep.equal([{ error: null, rows: null, fields: [] }]);
  });

  it('passes on the error of the server', () => {
    query.send('select no');
    expect(receive(Buffer.from('\xff..no such column', 'latin1'))).to.equal(true);
    expect(outcomes).to.have.length(1);
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

  describe('whose result arrives in one chunk', () => {
    const first = [
      Buffer.from([2]),
      column('lag'),
      column('host'),
      EOF,
      Buffer.concat([text('0.5'), text(null)]),
      Buffer.concat([text('x'.repeat(300)), text('\xfe')]),
    ];
    const rows = [
      ['0.5', null],
      ['x'.repeat(300), '\xfe'],
    ];

    it('is read where it lies, up to the end of the chunk', () => {
      const payloads = [...first, EOF];
      const stream = streamOf(payloads);
      const packetEnds = payloads.map((_, index) => streamOf(payloads.slice(0, index + 1)).length);
      for (let cut = 0; cut <= stream.length; cut++) {
        query.send('select lag, host from t');
        const bytes = query.readAhead(stream.subarray(0, cut));
        const whole = packetEnds.filter((end) => end <= cut);
        expect(bytes, `${cut} bytes`).to.equal(whole.at(-1) ?? 0);
        expect(connection.sequenceId).to.equal(1 + whole.length);
        expect(outcomes.length).to.equal(cut === stream.length ? 1 : 0);
        if (cut < stream.length) expect(receive(...payloads.slice(whole.length))).to.equal(true);
        expect(outcomes.pop()?.rows).to.deep.equal(rows);
      }
    });

    const left: ReadonlyArray<readonly [what: string, payloads: Buffer[]]> = [
      ['no result set', [Buffer.from([0, 0, 0, 2, 0, 0, 0])]],
      ['an error', [Buffer.from('\xff..no such column', 'latin1')]],
      ['an empty packet', [Buffer.alloc(0), ...first]],
    ];
    for (const [what, payloads] of left) {
      it(`is left to the library: ${what}`, () => {
        query.send('select 1');
        expect(query.readAhead(streamOf(payloads))).to.equal(0);
        expect(connection.sequenceId).to.equal(1);
      });
    }

    it('is left to the library from a packet that is out of order', () => {
      query.send('select 1');
      expect(query.readAhead(streamOf(first, 2))).to.equal(0);
      const head = streamOf([Buffer.from([2])]);
      expect(query.readAhead(Buffer.concat([head, streamOf(first, 4)]))).to.equal(head.length);
    });
  });
});
