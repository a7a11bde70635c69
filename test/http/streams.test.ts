/** The stream of the page: topics once a second, ended and cut off where they must be. */
import { EventEmitter } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { StreamSink } from '../../src/http/worker/live/sink.js';
import { LiveStreams } from '../../src/http/worker/live/streams.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

const PERIOD_MS = 5;

class FakeSink extends EventEmitter implements StreamSink {
  isWritable = true;
  text = '';
  ended: 'no' | 'whole' | 'aborted' = 'no';

  write(chunk: string): void {
    this.text += chunk;
  }

  end(): void {
    this.#close('whole');
  }

  abort(): void {
    this.#close('aborted');
  }

  onClose(listener: () => void): void {
    this.once('close', listener);
  }

  #close(how: 'whole' | 'aborted'): void {
    if (this.ended !== 'no') return;
    this.ended = how;
    this.emit('close');
  }
}

describe('the streams of a thread', () => {
  let isLeading: boolean;
  let writes: number;
  let topics: () => Map<string, string>;
  let topicsLater: Promise<Map<string, string>> | undefined;
  let streams: LiveStreams;

  beforeEach(() => {
    isLeading = true;
    writes = 0;
    topicsLater = undefined;
    topics = () => new Map([['stores', `${writes}`]]);
    const write = async (): Promise<Map<string, string>> => {
      writes += 1;
      return topicsLater ?? topics();
    };
    const limits = { streamsMax: 2, periodMs: PERIOD_MS, stalledMs: 50 };
    streams = new LiveStreams({ write, isLeading: () => isLeading }, limits);
  });

  afterEach(() => streams.stop());

  function open(): FakeSink {
    const sink = new FakeSink();
    streams.opener!(sink);
    return sink;
  }

  it('write topics once for all of them, and only while there are any', async () => {
    const [first, second] = [open(), open()];
    await until(() => first.text.includes('data: 3\n') && second.text.includes('data: 3\n'));
    expect(first.text.startsWith('retry: 1000\n\nevent: stores\ndata: 1\n\n')).to.equal(true);
    first.end();
    second.end();
    await until(() => streams.size === 0);
    const written = writes;
    const third = open();
    await until(() => third.text.includes(`data: ${written + 1}\n`));
    expect(writes).to.equal(written + 1);
  });

  it('repeat no topic that has not changed', async () => {
    topics = () =>
      new Map([
        ['events', '[]'],
        ['stores', `${writes}`],
      ]);
    const sink = open();
    await until(() => writes > 3);
    expect(sink.text.split('event: events\n')).to.have.length(2);
    const later = open();
    await until(() => later.text.includes('event: events\ndata: []\n'));
  });

  it('send nothing to a client that takes nothing, and cut it off', async () => {
    const sink = open();
    await until(() => sink.text.includes('data: 1\n'));
    sink.isWritable = false;
    const taken = sink.text;
    await until(() => sink.ended === 'aborted');
    expect(sink.text).to.equal(taken);
    expect(streams.size).to.equal(0);
  });

  it('go on with what is new when a client takes again', async () => {
    const sink = open();
    await until(() => sink.text.includes('data: 1\n'));
    sink.isWritable = false;
    const missed = writes + 1;
    await until(() => writes > missed + 2);
    sink.isWritable = true;
    const written = writes;
    await until(() => sink.text.includes(`data: ${written + 1}\n`));
    expect(sink.text).not.to.contain(`data: ${missed}\n`);
    expect(sink.ended).to.equal('no');
  });

  it('have no old topic, and do not end, where there were none before', async () => {
    const first = open();
    await until(() => first.text.includes('data: 1\n'));
    let written: (topics: Map<string, string>) => void = () => undefined;
    topicsLater = new Promise((resolve) => {
      written = resolve;
    });
    await until(() => writes > 1);
    first.end();
    written(new Map([['apps', 'old']]));
    topicsLater = undefined;
    await eventLoopTurns();
    isLeading = false;
    const second = open();
    await until(() => second.text.includes('event: stores'));
    expect(second.ended).to.equal('no');
    expect(second.text).not.to.contain('event: apps');
  });

  it('are bounded in number', () => {
    open();
    const second = open();
    expect(streams.opener).to.equal(undefined);
    second.end();
    expect(streams.opener).not.to.equal(undefined);
  });

  it('end when the node stops leading, and when the thread stops', async () => {
    const sink = open();
    await until(() => sink.text.includes('data: 1\n'));
    isLeading = false;
    await until(() => sink.ended === 'whole');
    const ofFollower = open();
    await until(() => ofFollower.text.includes('data: '));
    expect(ofFollower.ended).to.equal('no');
    streams.stop();
    expect(ofFollower.ended).to.equal('whole');
    expect(streams.opener).to.equal(undefined);
  });
});

for (const engine of ENGINES) {
  describe(`the stream on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
    });

    after(() => front.stop());

    async function openStream(): Promise<IncomingMessage> {
      const url = `http://127.0.0.1:${front.port}/web/stream`;
      return new Promise((resolve, reject) => get(url, resolve).on('error', reject));
    }

    it('sends the stores, and stops when the client has gone', async () => {
      const stream = await openStream();
      expect(stream.statusCode).to.equal(200);
      expect(stream.headers['content-type']).to.equal('text/event-stream');
      expect(stream.headers['cache-control']).to.equal('no-store');
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      await until(() => /event: stores\ndata: .*"Store":"mysql\/ok"/.test(text));
      expect(text).to.match(/event: entries\ndata: {"ThrottledApps":{"Total":0,"Entries":{}}/);
      expect(front.streams.size).to.equal(1);
      stream.destroy();
      await until(() => front.streams.size === 0);
    });

    it('responds to HEAD with the type alone', async () => {
      const { status, body, headers } = await fetchOnce(front.port, '/web/stream', {
        method: 'HEAD',
      });
      expect({ status, body, type: headers['content-type'] }).to.deep.equal({
        status: 200,
        body: '',
        type: 'text/event-stream',
      });
      expect(front.streams.size).to.equal(0);
    });

    it('is refused, and counted, where 200 are open, until one of them ends', async () => {
      const sinks: FakeSink[] = [];
      for (let open = front.streams.opener; open !== undefined; open = front.streams.opener) {
        sinks.push(new FakeSink());
        open(sinks.at(-1)!);
      }
      expect(sinks).to.have.length(200);
      for (const refused of [1, 2]) {
        const { status, body } = await fetchOnce(front.port, '/web/stream');
        expect(status).to.equal(503);
        expect(JSON.parse(body).Message).to.equal('too many pages are open on this node');
        expect(front.connections.requestsRefused).to.equal(refused);
      }
      sinks.pop()!.end();
      const stream = await openStream();
      expect(stream.statusCode).to.equal(200);
      stream.destroy();
      for (const sink of sinks) sink.end();
      await until(() => front.streams.size === 0);
      expect(front.connections.requestsRefused).to.equal(2);
    });

    it('ends whole when the thread stops, and is refused then', async () => {
      const stream = await openStream();
      stream.resume();
      const ended = new Promise((resolve) => stream.once('end', resolve));
      front.streams.stop();
      await ended;
      expect((await fetchOnce(front.port, '/web/stream')).status).to.equal(503);
    });
  });

  describe(`the files of the page on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
    });

    after(() => front.stop());

    const load = (path: string, headers: Record<string, string> = {}) =>
      fetchOnce(front.port, path, { headers });

    it('forbid everything but this node', async () => {
      const { status, headers } = await load('/');
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('text/html; charset=utf-8');
      expect(headers['x-content-type-options']).to.equal('nosniff');
      const policy = String(headers['content-security-policy']);
      expect(policy).to.contain("default-src 'none'");
      expect(policy).not.to.contain('unsafe');
    });

    it('are compressed for a client that takes that', async () => {
      const plain = await load('/web/uplot.js');
      const packed = await load('/web/uplot.js', { 'Accept-Encoding': 'br, gzip' });
      expect(plain.headers['content-encoding']).to.equal(undefined);
      expect(packed.headers['content-encoding']).to.equal('gzip');
      const length = Number(packed.headers['content-length']);
      expect(length).to.be.lessThan(plain.body.length / 2);
    });

    it('are not sent again to a client that has them', async () => {
      const { headers } = await load('/web/style.css');
      const again = await load('/web/style.css', { 'If-None-Match': String(headers.etag) });
      expect({ status: again.status, body: again.body }).to.deep.equal({ status: 304, body: '' });
    });

    it('are only those of the page', async () => {
      for (const file of ['nosuch.js', '..%2Findex.html', 'main.ts', 'package.json']) {
        expect((await load(`/web/${file}`)).status, file).to.equal(404);
      }
    });
  });
}
