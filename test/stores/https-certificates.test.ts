/** Which certificates HTTPS accepts of HAProxy, Vitess and Prometheus, and what the error says. */

import { lookup } from 'node:dns';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { CaCertificates } from '../../src/stores/shared/ca-certificates.js';
import { HttpPageReader } from '../../src/stores/shared/http-page-reader.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { failureOf } from '../support/failure.js';
import { needPrograms } from '../support/needs.js';
import { Pages } from '../support/pages.js';

describe("HTTPS with an authority of one's own", () => {
  const directory = new TemporaryDirectory();
  const bundle = join(directory.path, 'bundle.pem');
  const saved = process.env.SSL_CERT_FILE;
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let opened: Pages | undefined;
  let nowMs = 0;

  before(async function () {
    needPrograms(this, 'openssl');
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
    process.env.SSL_CERT_FILE = bundle;
  });

  beforeEach(() => copyFileSync(authority.caFile, bundle));

  afterEach(() => opened?.close());

  after(async () => {
    if (saved === undefined) delete process.env.SSL_CERT_FILE;
    else process.env.SSL_CERT_FILE = saved;
    await authority?.remove();
    await stranger?.remove();
    directory.remove();
  });

  async function serve({ certFile, keyFile }: Certificate): Promise<string> {
    opened = await Pages.serve((_request, response) => response.end('page'), {
      key: readFileSync(keyFile),
      cert: readFileSync(certFile),
    });
    return opened.url;
  }

  async function read(url: string, certificates = new CaCertificates(() => nowMs)) {
    const limits = { timeoutMs: 5_000, sizeBytesMax: 100 };
    const reader = new HttpPageReader(lookup, certificates, 1, limits);
    let page = '';
    for await (const chunk of reader.read(new URL(url))) page += chunk.toString();
    return page;
  }

  const refusals: ReadonlyArray<readonly [string, () => Promise<Certificate>, RegExp]> = [
    ['has expired', () => authority.issueFor([-2, -1], 'old', 'IP:127.0.0.1'), /has expired/],
    ['is not valid yet', () => authority.issueFor([1, 2], 'new', 'IP:127.0.0.1'), /not yet valid/],
    ['is for another name', () => authority.issue('b', 'DNS:b.example'), /127\.0\.0\.1.*cert/],
    [
      'is of another authority',
      () => stranger.issue('c', 'IP:127.0.0.1'),
      /unable to verify|issuer/,
    ],
  ];
  for (const [which, make, reason] of refusals) {
    it(`refuses a certificate that ${which}, and says so`, async () => {
      expect((await failureOf(read(await serve(await make())))).message).to.match(reason);
    });
  }

  it('reads the list of authorities again when it is replaced', async () => {
    const certificates = new CaCertificates(() => nowMs);
    const url = await serve(await authority.issue('good', 'IP:127.0.0.1'));
    expect(await read(url, certificates)).to.equal('page');
    copyFileSync(stranger.caFile, bundle);
    expect(await read(url, certificates), 'it looks each 10 s').to.equal('page');
    nowMs += 10_000;
    expect((await failureOf(read(url, certificates))).message).to.match(/unable to verify/);
    copyFileSync(authority.caFile, bundle);
    nowMs += 10_000;
    expect(await read(url, certificates)).to.equal('page');
  });
});
