/** Pages fetched over HTTP and HTTPS, and their bounds. */
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { CaCertificates } from '../../../src/stores/main/hosts/ca-certificates.js';
import { HttpPageReader, shownUrl } from '../../../src/stores/main/hosts/http-page-reader.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { failureOf } from '../../support/failure.js';
import { needPrograms } from '../../support/needs.js';
import { Pages } from '../../support/pages.js';
import { until } from '../../support/until.js';

const LIMITS = { timeoutMs: 20_000, sizeBytesMax: 100 };

describe('a page', () => {
  const opened: Pages[] = [];

  afterEach(async () => {
    for (const pages of opened.splice(0)) await pages.close();
  });

  async function serve(...options: Parameters<typeof Pages.serve>): Promise<Pages> {
    const pages = await Pages.serve(...options);
    opened.push(pages);
    return pages;
  }

  async function read(
    url: string,
    limits: Partial<typeof LIMITS> = {},
    resolver: LookupFunction = lookup,
  ): Promise<string> {
    const reader = new HttpPageReader(resolver, new CaCertificates(), 2, { ...LIMITS, ...limits });
    const chunks: Buffer[] = [];
    for await (const chunk of reader.read(new URL(url))) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  async function failure(...arguments_: Parameters<typeof read>): Promise<string> {
    return (await failureOf(read(...arguments_))).message;
  }

  it('may be as large as the bound, and no larger', async () => {
    const pages = await serve((request, response) =>
      response.end('x'.repeat(Number(request.url!.slice(1)))),
    );
    expect(await read(`${pages.url}/100`)).to.have.length(100);
    expect(await failure(`${pages.url}/101`)).to.equal('the answer is larger than 100 bytes');
  });

  it('has to be there in time, its last byte too', async () => {
    const pages = await serve((_request, response) => response.write('begun'));
    expect(await failure(pages.url, { timeoutMs: 50 })).to.equal('no answer within 50 ms');
  });

  it('has to be a page: an answer that asks for another protocol is the end of the attempt', async () => {
    const pages = await serve((request) => {
      request.socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      );
    });
    expect(await failure(pages.url)).to.equal('the connection was closed without an answer');
  });

  it('has to be connected to in a second', async () => {
    const never: LookupFunction = () => undefined;
    const limits = { timeoutMs: 5_000 };
    expect(await failure('http://db.example/', limits, never)).to.equal(
      'no connection within 1000 ms',
    );
  });

  it('leaves no connection behind, read or given up', async () => {
    const pages = await serve((request, response) => {
      if (request.url === '/whole') response.end('x');
      else response.write('x'.repeat(1_000));
    });
    await read(`${pages.url}/whole`);
    await failure(`${pages.url}/large`);
    await failure(`${pages.url}/slow`, { timeoutMs: 20, sizeBytesMax: 10_000 });
    await until(async () => (await pages.connections()) === 0);
  });

  it('is followed to where it has moved, with the credentials on the same server only', async () => {
    const seen: Array<string | undefined> = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('moved');
    });
    const pages = await serve((request, response) => {
      const to = request.url === '/' ? '/second' : elsewhere.url;
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: to }).end();
    });
    expect(await read(pages.url.replace('//', '//me:pass@'))).to.equal('moved');
    const basic = `Basic ${Buffer.from('me:pass').toString('base64')}`;
    expect(seen).to.deep.equal([basic, basic, undefined]);
  });

  it('is not followed in circles, nor to anything but a page', async () => {
    const pages = await serve((request, response) => {
      const location = request.url === '/file' ? 'file:///etc/passwd' : request.url;
      response.writeHead(301, { location }).end();
    });
    expect(await failure(pages.url)).to.equal('more than 5 redirects');
    expect(await failure(`${pages.url}/file`)).to.equal('it redirects to file:');
  });

  it('of a name that nobody knows is an error that says so', async () => {
    const nobody: LookupFunction = (name, _options, callback) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`)), '');
    expect(await failure('http://db.example/', {}, nobody)).to.include('ENOTFOUND db.example');
  });

  it('may be encrypted, by whom the system trusts and by nobody else', async function () {
    needPrograms(this, 'openssl');
    const authority = await CertificateAuthority.create('freno test authority');
    try {
      const { certFile, keyFile } = await authority.issue('page', 'IP:127.0.0.1');
      const pages = await serve((_request, response) => response.end('secret'), {
        key: readFileSync(keyFile),
        cert: readFileSync(certFile),
      });
      expect(await failure(pages.url)).to.include('unable to verify the first certificate');
      process.env.SSL_CERT_FILE = authority.caFile;
      expect(await read(pages.url)).to.equal('secret');
    } finally {
      delete process.env.SSL_CERT_FILE;
      await authority.remove();
    }
  });

  it('is shown without user and password', () => {
    expect(shownUrl(new URL('https://me:pass@h:1/stats?x'))).to.equal('https://h:1/stats');
    expect(shownUrl(new URL('http://h/'))).to.equal('http://h');
  });
});
