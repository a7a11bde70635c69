/** TLS to a real server: which certificates a probe accepts. */
import { expect } from 'chai';
import type { ProbeTarget, TlsSettings } from '../../src/contracts/stores.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needAddress } from '../support/needs.js';
import { Probing } from '../support/probing.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const SLOT = 0;

/** 1 when the connection is encrypted. */
const IS_ENCRYPTED =
  "select variable_value <> '' from information_schema.session_status " +
  "where variable_name = 'Ssl_cipher'";

describe('TLS to a MySQL server', () => {
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let client: Certificate;
  let server: MariaDb;
  let elsewhere: TcpProxy;
  let probing: Probing;

  before(async function () {
    needMariaDb(this);
    await needAddress(this, '127.0.0.2');
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
    const own = await authority.issue('server', 'IP:127.0.0.1', 'DNS:db.example');
    client = await authority.issue('client', 'DNS:freno.example');
    server = await MariaDb.start([
      '--skip-log-bin',
      `--ssl-ca=${authority.caFile}`,
      `--ssl-cert=${own.certFile}`,
      `--ssl-key=${own.keyFile}`,
    ]);
    await server.run(
      "create user freno identified by 'secret-of-freno'",
      "create user strict identified by 'secret-of-freno' require x509",
    );
    // Another address of this machine, for which the server has no certificate.
    elsewhere = await TcpProxy.start(server, '127.0.0.2');
  });

  after(async () => {
    await elsewhere?.stop();
    await server?.stop();
    await authority?.remove();
    await stranger?.remove();
  });

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(() => probing.stop());

  async function probe(
    target: ProbeTarget,
    tls: Partial<TlsSettings> | null,
    user = 'freno',
  ): Promise<void> {
    const off = { caFile: '', certFile: '', keyFile: '', serverName: '', skipVerify: false };
    await probing.assign(SLOT, [target], {
      metricQuery: IS_ENCRYPTED,
      user,
      tls: tls && { ...off, ...tls },
    });
  }

  it('is disabled by default', async () => {
    await probe(server, null);
    expect(await probing.value(SLOT)).to.equal(0);
  });

  it('accepts a certificate of the CA that is valid for the address', async () => {
    await probe(server, { caFile: authority.caFile });
    expect(await probing.value(SLOT)).to.equal(1);
  });

  it('rejects a server of another CA, and names the host', async () => {
    await probe(server, { caFile: stranger.caFile });
    const text = await probing.error(SLOT);
    expect(text).to.match(/TLS: .*(self.signed|verify|issuer)/);
    expect(text.startsWith(`${server.address}: `), text).to.equal(true);
  });

  it('rejects a server whose certificate has expired', async () => {
    const expired = await authority.issueFor([-2, -1], 'expired', 'IP:127.0.0.1');
    const late = await MariaDb.start([
      ...['--skip-log-bin', `--ssl-ca=${authority.caFile}`],
      ...[`--ssl-cert=${expired.certFile}`, `--ssl-key=${expired.keyFile}`],
    ]);
    try {
      await probe(late, { caFile: authority.caFile });
      expect(await probing.error(SLOT)).to.match(/TLS: .*certificate has expired/);
    } finally {
      await late.stop();
    }
  });

  it('rejects a server of an unknown CA', async () => {
    await probe(server, {});
    expect(await probing.error(SLOT)).to.match(/TLS: /);
  });

  it('rejects a certificate for another address', async () => {
    await probe(elsewhere, { caFile: authority.caFile });
    expect(await probing.error(SLOT)).to.match(/TLS: .*127\.0\.0\.2/);
  });

  it('rejects a certificate for another name', async () => {
    await probe({ host: 'localhost', port: server.port }, { caFile: authority.caFile });
    expect(await probing.error(SLOT)).to.match(/TLS: .*localhost/);
  });

  it('verifies ServerName instead of the address', async () => {
    await probe(elsewhere, { caFile: authority.caFile, serverName: 'db.example' });
    expect(await probing.value(SLOT)).to.equal(1);
    await probe(server, { caFile: authority.caFile, serverName: 'other.example' });
    expect(await probing.error(SLOT)).to.match(/TLS: .*other\.example/);
  });

  it('accepts any certificate with SkipVerify', async () => {
    await probe(elsewhere, { skipVerify: true });
    expect(await probing.value(SLOT)).to.equal(1);
  });

  it('sends its client certificate to a server that requires one', async () => {
    const { certFile, keyFile } = client;
    await probe(server, { caFile: authority.caFile }, 'strict');
    expect(await probing.error(SLOT)).to.match(/Access denied/);
    await probe(server, { caFile: authority.caFile, certFile, keyFile }, 'strict');
    expect(await probing.value(SLOT)).to.equal(1);
  });

  it('reports in plain words why a server rejects the client certificate', async () => {
    const { certFile, keyFile } = await stranger.issue('client', 'DNS:freno.example');
    await probe(server, { caFile: authority.caFile, certFile, keyFile }, 'strict');
    expect(await probing.error(SLOT)).to.equal(`${server.address}: TLS: tlsv1 alert unknown ca`);
  });

  it('names a file that cannot be read', async () => {
    await probe(server, { caFile: '/nowhere/ca.pem' });
    expect(await probing.error(SLOT)).to.match(/TLS\.CAFile: .*\/nowhere\/ca\.pem/);
  });
});
