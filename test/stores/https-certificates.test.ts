/** Which certificates HTTPS accepts of HAProxy, Vitess and Prometheus, and what the error says. */

import { lookup } from 'node:dns';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { HostSource } from '../../src/contracts/stores.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { createReaderFactory } from '../../src/stores/main/hosts/create-host-source.js';
import { InstantQuery } from '../../src/stores/prober/prometheus/instant-query.js';
import { CaCertificates } from '../../src/stores/shared/ca-certificates.js';
import { HttpPageReader } from '../../src/stores/shared/http-page-reader.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { failureOf } from '../support/failure.js';
import { needPrograms } from '../support/needs.js';
import { Pages } from '../support/pages.js';

const HAPROXY_PAGE = '# pxname,svname,status,\np,FRONTEND,OPEN,\np,db1,UP,\np,BACKEND,UP,\n';

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

  async function serve({ certFile, keyFile }: Certificate, page = 'page'): Promise<string> {
    opened = await Pages.serve((_request, response) => response.end(page), {
      key: readFileSync(keyFile),
      cert: readFileSync(certFile),
    });
    return opened.url;
  }

  function newReader(): HttpPageReader {
    const limits = { timeoutMs: 5_000, sizeBytesMax: 100 };
    return new HttpPageReader(lookup, new CaCertificates(() => nowMs), 1, limits);
  }

  async function read(url: string, caFile = '', reader = newReader()) {
    let page = '';
    for await (const chunk of reader.read(new URL(url), { caFile })) page += chunk.toString();
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
      const url = await serve(await make());
      expect((await failureOf(read(url))).message).to.match(reason);
      copyFileSync(stranger.caFile, bundle);
      expect((await failureOf(read(url, authority.caFile))).message).to.match(reason);
    });
  }

  for (const [which, named] of [
    ['the list of the system', ''],
    ['a file of the configuration', join(directory.path, 'own.pem')],
  ] as const) {
    it(`reads ${which} again when it is replaced`, async () => {
      const file = named || bundle;
      copyFileSync(authority.caFile, file);
      const reader = newReader();
      const url = await serve(await authority.issue('good', 'IP:127.0.0.1'));
      expect(await read(url, named, reader)).to.equal('page');
      copyFileSync(stranger.caFile, file);
      expect(await read(url, named, reader), 'it looks each 10 s').to.equal('page');
      nowMs += 10_000;
      expect((await failureOf(read(url, named, reader))).message).to.match(/unable to verify/);
      copyFileSync(authority.caFile, file);
      nowMs += 10_000;
      expect(await read(url, named, reader)).to.equal('page');
    });
  }

  it('trusts those of the file that it is given alone, whatever it has read before', async () => {
    const reader = newReader();
    const url = await serve(await authority.issue('good', 'IP:127.0.0.1'));
    expect(await read(url, authority.caFile, reader)).to.equal('page');
    const refused = await failureOf(read(url, stranger.caFile, reader));
    expect(refused.message).to.match(/unable to verify/);
  });

  it('names a file that it cannot read, until it can', async () => {
    const file = join(directory.path, 'late.pem');
    const reader = newReader();
    const url = await serve(await authority.issue('good', 'IP:127.0.0.1'));
    const missing = await failureOf(read(url, file, reader));
    expect(missing.message).to.match(/^CAFile: ENOENT.*late\.pem/);
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n');
    const broken = await failureOf(read(url, file, reader));
    expect(broken.message).to.match(/^CAFile: .*late\.pem: /);
    copyFileSync(authority.caFile, file);
    expect(await read(url, file, reader)).to.equal('page');
  });

  describe('of a source of hosts', () => {
    const sources: ReadonlyArray<readonly [string, (url: string) => HostSource]> = [
      [
        'HAProxy',
        (url) => ({ kind: 'haproxy', addresses: [url], poolName: 'p', caFile: authority.caFile }),
      ],
      [
        'Vitess',
        (api) => ({
          ...{ kind: 'vitess', api, cells: [], keyspace: 'k', shard: '0', timeoutMs: 5_000 },
          caFile: authority.caFile,
        }),
      ],
    ];
    for (const [name, sourceAt] of sources) {
      it(`is read with the authorities of its own: ${name}`, async () => {
        copyFileSync(stranger.caFile, bundle);
        const body = name === 'Vitess' ? '[]' : HAPROXY_PAGE;
        const readHosts = (url: string) => {
          const place = { cluster: 'main', hosts: sourceAt(url), port: 3306 };
          return createReaderFactory(lookup)(place)!.read();
        };
        const good = await authority.issue('good', 'IP:127.0.0.1');
        expect((await readHosts(await serve(good, body))).problem).to.equal('');
        await opened!.close();
        const other = await stranger.issue('c', 'IP:127.0.0.1');
        const { message } = await failureOf(readHosts(await serve(other, body)));
        expect(message).to.match(/https:\/\/127.*unable to verify/);
      });
    }
  });

  it('reads Prometheus with the authorities of its own', async () => {
    copyFileSync(stranger.caFile, bundle);
    const answer = { status: 'success', data: { resultType: 'scalar', result: [0, '7'] } };
    const ask = async (certificate: Certificate): Promise<string> => {
      const url = await serve(certificate, JSON.stringify(answer));
      const source = { ...{ url, query: 'x', intervalMs: 1_000 }, caFile: authority.caFile };
      const reader = newReader();
      const query = new InstantQuery({ kind: 'prometheus', ...source }, reader);
      const said = new Promise<string>((resolve) => {
        query.listeners.add({
          answered: ([sample]) => resolve(String(sample?.value)),
          failed: resolve,
        });
      });
      query.open(0);
      return said;
    };
    expect(await ask(await authority.issue('good', 'IP:127.0.0.1'))).to.equal('7');
    await opened!.close();
    const refused = await ask(await stranger.issue('c', 'IP:127.0.0.1'));
    expect(refused).to.match(/^Prometheus https:.*unable to verify/);
  });
});
