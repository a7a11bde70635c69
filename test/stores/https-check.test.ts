/** HTTP checks over TLS: which certificates they accept, and what the log says of the others. */
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { TlsSettings } from '../../src/base/mysql/tls.js';
import { HostChecks } from '../../src/stores/prober/host-checks.js';
import { checkUrl, HttpChecker } from '../../src/stores/prober/http-check.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { clusterAssignment, storeTurn } from '../support/cluster-settings.js';
import { needPrograms } from '../support/needs.js';
import { Pages } from '../support/pages.js';
import { until } from '../support/until.js';

describe('the HTTP check of a host over TLS', () => {
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let pages: Pages | undefined;
  let status: number;

  before(async function () {
    needPrograms(this, 'openssl');
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
  });

  beforeEach(() => {
    status = 404;
  });

  afterEach(() => pages?.close());

  after(async () => {
    await authority?.remove();
    await stranger?.remove();
  });

  async function serve({ certFile, keyFile }: Certificate): Promise<number> {
    await pages?.close();
    pages = await Pages.serve((_request, response) => response.writeHead(status).end(), {
      key: readFileSync(keyFile),
      cert: readFileSync(certFile),
    });
    return pages.port;
  }

  function tls(changes: Partial<TlsSettings> = {}): TlsSettings {
    const files = { caFile: authority.caFile, certFile: '', keyFile: '' };
    return { ...files, serverName: '', skipVerify: false, ...changes };
  }

  function check(port: number, settings: TlsSettings, path = 'up', host = '127.0.0.1') {
    return new Promise<{ leftOut: boolean; failure: string }>((resolve) => {
      new HttpChecker().check(
        checkUrl(host, port, path, true),
        lookup,
        (leftOut, failure) => resolve({ leftOut, failure }),
        settings,
      );
    });
  }

  it('leaves out a host that responds with 404, and asks for its path', async () => {
    const port = await serve(await authority.issue('good', 'IP:127.0.0.1'));
    expect(await check(port, tls(), '/up?deep=1')).to.deep.equal({ leftOut: true, failure: '' });
    expect(pages!.paths).to.deep.equal(['/up?deep=1']);
    status = 200;
    expect(await check(port, tls())).to.deep.equal({ leftOut: false, failure: '' });
  });

  it('expects the name of the host, or the one that is configured', async () => {
    const port = await serve(await authority.issue('named', 'DNS:localhost'));
    expect((await check(port, tls(), '', 'localhost')).leftOut).to.equal(true);
    expect((await check(port, tls({ serverName: 'localhost' }))).leftOut).to.equal(true);
    expect((await check(port, tls({ skipVerify: true }))).leftOut).to.equal(true);
    const other = await check(port, tls({ serverName: 'db.example' }), '', 'localhost');
    expect(other.failure).to.match(/db\.example.*altnames/);
  });

  const refusals: ReadonlyArray<readonly [string, () => Promise<Certificate>, RegExp]> = [
    ['has expired', () => authority.issueFor([-2, -1], 'old', 'IP:127.0.0.1'), /has expired/],
    ['is not valid yet', () => authority.issueFor([1, 2], 'new', 'IP:127.0.0.1'), /not yet valid/],
    ['is for another name', () => authority.issue('b', 'DNS:b.example'), /127\.0\.0\.1.*cert/],
    ['is of another authority', () => stranger.issue('c', 'IP:127.0.0.1'), /unable to verify/],
  ];
  for (const [which, make, reason] of refusals) {
    it(`keeps a host whose certificate ${which}, and says so`, async () => {
      const { leftOut, failure } = await check(await serve(await make()), tls());
      expect(leftOut).to.equal(false);
      expect(failure).to.match(reason);
    });
  }

  it('names a file that it cannot read', async () => {
    const { failure } = await check(1, tls({ caFile: '/nowhere/ca.pem' }));
    expect(failure).to.match(/^HttpCheckTLS\.CAFile: .*\/nowhere\/ca\.pem/);
  });

  it('logs a failure once, with the host', async () => {
    const lines: object[] = [];
    let page: { open(nowMs: number): void } | undefined;
    let applied = 0;
    const checks = new HostChecks({
      store: 'main',
      turn: storeTurn(),
      httpChecker: new HttpChecker(),
      lines: { warn: (fields, message) => void lines.push({ ...fields, message }) },
      resolver: { lookup } as never,
      scheduling: {
        start: (opened: typeof page) => {
          page = opened;
        },
        stop: () => undefined,
      } as never,
    });
    const port = await serve(await authority.issueFor([-2, -1], 'old', 'IP:127.0.0.1'));
    const settings = { httpCheckPort: port, httpCheckTls: tls() };
    const targets = [{ host: '127.0.0.1', port: 3306 }];
    const { metrics } = clusterAssignment(1, targets, 1, settings);
    checks.replace([[{ setLeftOut: () => void applied++ }, metrics[0]]], 0);
    checks.setProbing(true);
    const again = async (): Promise<void> => {
      const before = applied;
      page!.open(0);
      await until(() => applied > before);
    };
    await again();
    await again();
    const host = `127.0.0.1:${port}`;
    expect(lines).to.deep.equal([
      {
        ...{ store: 'main', host, error: 'certificate has expired' },
        message: 'HTTP check over TLS failed: the host is kept',
      },
    ]);
  });
});
