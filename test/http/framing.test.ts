/** Requests whose end is not certain: refused, and nothing behind them is carried out. */
import { expect } from 'chai';
import { asksToClose, framingOf } from '../../src/http/worker/engines/framing.js';
import { exchangeRaw, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

const HEAD_END = 'HTTP/1.1\r\nHost: x\r\n';
const BEHIND = `GET /throttle-app/behind ${HEAD_END}\r\n`;

const MALFORMED: Readonly<Record<string, string>> = {
  'a length that is no number': 'Content-Length: nine\r\n\r\n',
  'a negative length': 'Content-Length: -5\r\n\r\n',
  'a signed length': 'Content-Length: +5\r\n\r\nabcde',
  'an empty length': 'Content-Length: \r\n\r\n',
  'two lengths': 'Content-Length: 5\r\nContent-Length: 0\r\n\r\nabcde',
  'the same length twice': 'Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde',
  'a list of lengths': 'Content-Length: 5, 5\r\n\r\nabcde',
  'a length beyond all numbers': `Content-Length: ${'9'.repeat(26)}\r\n\r\n`,
  'a length and chunks': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks of another coding': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'another coding than chunks': 'Transfer-Encoding: identity\r\n\r\n',
  'chunks twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a chunk without a size': 'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
};

const PARTIAL: Readonly<Record<string, string>> = {
  'a part of its body': 'Content-Length: 10\r\n\r\nab',
  'a part of a chunk': 'Transfer-Encoding: chunked\r\n\r\n5\r\nab',
  'no last chunk': 'Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n',
};

describe('the framing of a request', () => {
  const framing = (...headers: Array<[string, string]>): string =>
    framingOf((visit) => {
      for (const [name, value] of headers) visit(name, value);
    });

  it('is a length, chunks, or nothing', () => {
    expect(framing(['host', 'x'])).to.equal('none');
    expect(framing(['content-length', '0'])).to.equal('none');
    expect(framing(['content-length', '12'])).to.equal('length');
    expect(framing(['transfer-encoding', 'Chunked'])).to.equal('chunked');
    expect(framing(['content-length', ''], ['content-length', '5'])).to.equal('malformed');
  });

  it('ends the connection when one of the options says so', () => {
    for (const value of ['close', 'Close', 'foo, close', 'close ,foo']) {
      expect(asksToClose(value), value).to.equal(true);
    }
    for (const value of ['', 'keep-alive', 'enclose', 'close-up', 'Upgrade']) {
      expect(asksToClose(value), value).to.equal(false);
    }
  });
});

for (const engine of ENGINES) {
  describe(`on the ${engine} engine`, () => {
    let front: TestFront;

    const commands = (): string[] =>
      front.mainRequests.flatMap((request) =>
        request.kind === 'submit' && 'key' in request.command ? [request.command.key] : [],
      );

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
    });

    beforeEach(() => {
      front.mainRequests.length = 0;
    });

    after(() => front.stop());

    for (const [what, rest] of Object.entries(MALFORMED)) {
      it(`a command with ${what} gets 400 and is not carried out`, async () => {
        const request = `POST /throttle-app/odd ${HEAD_END}${rest}`;
        expect(await exchangeRaw(front.port, [request])).to.match(/^HTTP\/1\.1 400 /);
        await exchangeRaw(front.port, [request + BEHIND]);
        expect(commands()).to.deep.equal([]);
      });
    }

    it('nothing is carried out behind a check whose end is not certain', async () => {
      for (const rest of [
        'Content-Length: 5, 5\r\n\r\n',
        'Transfer-Encoding: gzip, chunked\r\n\r\n',
      ]) {
        await exchangeRaw(front.port, [`GET /check/a/mysql/ok ${HEAD_END}${rest}${BEHIND}`]);
      }
      expect(commands()).to.deep.equal([]);
    });

    it('nothing is carried out behind a chunk that does not end where it says', async () => {
      const chunk = 'Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX0\r\n\r\n';
      await exchangeRaw(front.port, [`POST /throttle-app/odd ${HEAD_END}${chunk}${BEHIND}`]);
      // The native engine does not see it, and ends the connection after any chunks.
      expect(commands()).to.deep.equal(engine === 'node' ? [] : ['odd']);
    });

    for (const [what, rest] of Object.entries(PARTIAL)) {
      it(`a command with ${what} is carried out once it is whole`, async () => {
        for (const method of ['POST', 'GET', 'HEAD']) {
          const request = `${method} /throttle-app/part ${HEAD_END}${rest}`;
          await exchangeRaw(front.port, [request], /$^/, 30);
        }
        expect(commands()).to.deep.equal([]);
      });
    }

    it('a command with a body in several segments is carried out', async () => {
      for (const method of ['POST', 'GET', 'HEAD']) {
        const head = `${method} /throttle-app/whole ${HEAD_END}Content-Length: 6\r\n\r\n`;
        const response = await exchangeRaw(front.port, [`${head}ab`, 'cd', 'ef'], /\r\n\r\n/);
        expect(response, method).to.match(/^HTTP\/1\.1 200 /);
      }
      expect(commands()).to.deep.equal(['whole', 'whole', 'whole']);
    });

    it('commands are carried out in their order, with a body and without', async () => {
      const first = `POST /throttle-app/first ${HEAD_END}Content-Length: 2\r\n\r\nab`;
      await exchangeRaw(front.port, [first + BEHIND], /200[\s\S]*200/);
      expect(commands()).to.deep.equal(['first', 'behind']);
    });

    for (const path of ['/check/a/mysql/ok', '/lb-check', '/throttle-app/last']) {
      it(`nothing is carried out behind Connection: close of ${path}`, async () => {
        for (const options of ['close', 'foo, Close']) {
          const request = `GET ${path} ${HEAD_END}Connection: ${options}\r\n\r\n`;
          const alone = await exchangeRaw(front.port, [request]);
          expect(alone).to.match(/^HTTP\/1\.1 200 /);
          await exchangeRaw(front.port, [request + BEHIND]);
        }
        expect(commands()).not.to.include('behind');
      });
    }

    it('an expectation that is not known is ignored', async () => {
      for (const path of ['/check/a/mysql/ok', '/lb-check']) {
        const headers = { Expect: 'the-unexpected' };
        expect((await fetchOnce(front.port, path, { headers })).status, path).to.equal(200);
      }
    });

    if (engine === 'node')
      it('a request in progress gets its response before what is no request', async () => {
        let release = (): void => {};
        front.respond = async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return { status: 200, json: '"late"' };
        };
        const command = `GET /throttle-app/slow ${HEAD_END}\r\n`;
        const response = exchangeRaw(front.port, [command, 'no request\r\n\r\n']);
        await until(() => front.mainRequests.length > 0);
        setImmediate(release);
        expect(await response).to.match(/^HTTP\/1\.1 200 [\s\S]*late/);
      });
  });
}
