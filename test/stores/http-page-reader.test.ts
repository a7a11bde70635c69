/** Pages fetched over HTTP and HTTPS, and their bounds. */
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { CaCertificates } from '../../src/stores/shared/ca-certificates.js';
import { HttpPageReader, shownUrl } from '../../src/stores/shared/http-page-reader.js';
import { CertificateAuthority } from '../support/certificates.js';
import { failureOf } from '../support/failure.js';
import { needPrograms } from '../support/needs.js';
import { Pages } from '../support/pages.js';
import { until } from '../support/until.js';

const LIMITS = { timeoutMs: 20_000, sizeBytesMax: 100 };

describe('the HTTP page reader', () => {
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

  it('accepts a page as large as the limit, and no larger', async () => {
    const pages = await serve((request, response) =>
      response.end('x'.repeat(Number(request.url!.slice(1)))),
    );
    expect(await read(`${pages.url}/100`)).to.have.length(100);
    expect(await failure(`${pages.url}/101`)).to.equal('the response is larger than 100 bytes');
  });

  it('reports a page whose last byte is late', async () => {
    const pages = await serve((_request, response) => response.write('begun'));
    expect(await failure(pages.url, { timeoutMs: 50 })).to.equal('no response within 50 ms');
  });

  it('reports a response that switches protocols', async () => {
    const pages = await serve((request) => {
      request.socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      );
    });
    expect(await failure(pages.url)).to.equal('the connection was closed without a response');
  });

  it('reports a connection that takes longer than a second', async () => {
    const never: LookupFunction = () => undefined;
    const limits = { timeoutMs: 5_000 };
    expect(await failure('http://db.example/', limits, never)).to.equal(
      'no connection within 1000 ms',
    );
  });

  it('closes the connection after a page was read or abandoned', async () => {
    const pages = await serve((request, response) => {
      if (request.url === '/whole') response.end('x');
      else response.write('x'.repeat(1_000));
    });
    await read(`${pages.url}/whole`);
    await failure(`${pages.url}/large`);
    await failure(`${pages.url}/slow`, { timeoutMs: 20, sizeBytesMax: 10_000 });
    await until(async () => (await pages.connections()) === 0);
  });

  it('follows redirects, and sends credentials to the same server only', async () => {
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

  it('rejects redirect loops and redirects to other schemes', async () => {
    const pages = await serve((request, response) => {
      const location = request.url === '/file' ? 'file:///etc/passwd' : request.url;
      response.writeHead(301, { location }).end();
    });
    expect(await failure(pages.url)).to.equal('more than 5 redirects');
    expect(await failure(`${pages.url}/file`)).to.equal('it redirects to file:');
  });

  it('reports a host name that does not exist', async () => {
    const notFound: LookupFunction = (name, _options, callback) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`)), '');
    expect(await failure('http://db.example/', {}, notFound)).to.include('ENOTFOUND db.example');
  });

  it('trusts the certificate authorities of the system, and no others', async function () {
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

  it('shows a URL without user and password', () => {
    expect(shownUrl(new URL('https://me:pass@h:1/stats?x'))).to.equal('https://h:1/stats');
    expect(shownUrl(new URL('http://h/'))).to.equal('http://h');
  });
});
