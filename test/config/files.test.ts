/** Files that a configuration names: a wrong one is reported with the path of its key. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkFiles } from '../../src/config/files.js';
import { type ConfigInput, configSchema } from '../../src/config/schema.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';

const MYSQL = 'Stores.MySQL';

type Stores = NonNullable<NonNullable<ConfigInput['Stores']>['MySQL']>;

describe('the files that a configuration names', () => {
  const directory = new TemporaryDirectory();
  let authority: CertificateAuthority;
  let first: Certificate;
  let second: Certificate;

  before(async () => {
    authority = await CertificateAuthority.create('freno test authority');
    first = await authority.issue('first', 'DNS:first');
    second = await authority.issue('second', 'DNS:second');
  });

  after(async () => {
    await authority.remove();
    directory.remove();
  });

  async function problemsOf(MySQL: Stores, rest: ConfigInput = {}) {
    return (await checkFiles(configSchema.parse({ ...rest, Stores: { MySQL } }))).problems;
  }

  function fileOf(name: string, text: string): string {
    const path = join(directory.path, name);
    writeFileSync(path, text);
    return path;
  }

  it('accepts files that exist, and a configuration without files', async () => {
    const TLS = { CAFile: authority.caFile, ...pair(first) };
    expect(await problemsOf({ TLS, Clusters: { a: {}, b: { TLS: pair(second) } } })).to.be.empty;
    expect(await problemsOf({ TLS: {}, Clusters: { a: {} } })).to.be.empty;
  });

  it('reports a wrong file once, with its key, however many clusters inherit it', async () => {
    const TLS = { CAFile: '/nowhere/ca.pem' };
    const own = { TLS: { CAFile: directory.path } };
    expect(await problemsOf({ TLS, Clusters: { a: {}, b: {}, c: own } })).to.deep.equal([
      `${MYSQL}.TLS.CAFile: /nowhere/ca.pem cannot be read: no such file`,
      `${MYSQL}.Clusters.c.TLS.CAFile: ${directory.path} cannot be read: is a directory`,
    ]);
  });

  it('warns once of a key that every user may read, by its name', async () => {
    const key = readFileSync(first.keyFile, 'utf8');
    const warningsOf = async (mode: number) => {
      const KeyFile = fileOf('exposed.key', key);
      chmodSync(KeyFile, mode);
      const TLS = { CertFile: first.certFile, KeyFile };
      const MySQL = { TLS, Clusters: { a: {}, b: {} } };
      return (await checkFiles(configSchema.parse({ Stores: { MySQL } }))).warnings;
    };
    expect(await warningsOf(0o640), 'the group may').to.be.empty;
    const exposed = await warningsOf(0o604);
    expect(exposed).to.have.length(1);
    expect(exposed[0]).to.match(/^Stores\.MySQL\.TLS\.KeyFile: .*exposed\.key holds a private key/);
  });

  it('refuses certificates of the HTTP service that no client would accept', async () => {
    const expired = await authority.issueFor([-2, -1], 'expired', 'DNS:a');
    const early = await authority.issueFor([1, 2], 'early', 'DNS:a');
    const listening = async (tls: object): Promise<string> => {
      const ListenTLS = { ...pair(first), ...tls };
      return (await checkFiles(configSchema.parse({ ListenTLS }))).problems.join();
    };
    expect(await listening({})).to.equal('');
    expect(await listening({ ClientCAFile: authority.caFile })).to.equal('');
    for (const [tls, problem] of [
      [pair(expired), /^ListenTLS\.CertFile: .*expired\.pem has expired on /],
      [pair(early), /^ListenTLS\.CertFile: .*early\.pem is not valid before /],
      [{ KeyFile: second.keyFile }, /^ListenTLS\.KeyFile: .*second\.key does not match/],
      [{ CertFile: '/nowhere' }, /^ListenTLS\.CertFile: \/nowhere cannot be read: no such file$/],
      [{ ClientCAFile: first.keyFile }, /^ListenTLS\.ClientCAFile: .* contains no certificate/],
      [{ ClientCAFile: expired.certFile }, /^ListenTLS\.ClientCAFile: .*has expired on /],
    ] as const) {
      expect(await listening(tls)).to.match(problem);
    }
  });

  it('checks the files of passwords: missing, empty, exposed', async () => {
    const [good, empty] = [fileOf('password', 'secret\n'), fileOf('empty', '\n')];
    chmodSync(good, 0o600);
    const found = await checkFiles(
      configSchema.parse({
        BackendMySQLHost: 'h',
        BackendMySQLPasswordFile: '/nowhere/password',
        Stores: {
          MySQL: {
            PasswordFile: good,
            ProxySQLPasswordFile: empty,
            Metrics: { m: { PasswordFile: empty } },
            Clusters: { a: {}, b: { PasswordFile: '/nowhere/b' } },
          },
        },
      }),
    );
    expect(found.problems).to.deep.equal([
      `${MYSQL}.ProxySQLPasswordFile: ${empty} is empty`,
      `${MYSQL}.Metrics.m.PasswordFile: ${empty} is empty`,
      `${MYSQL}.Clusters.b.PasswordFile: /nowhere/b cannot be read: no such file`,
      'BackendMySQLPasswordFile: /nowhere/password cannot be read: no such file',
    ]);
    expect(found.warnings.filter((line) => line.includes(good))).to.be.empty;
    chmodSync(good, 0o644);
    const again = await checkFiles(
      configSchema.parse({ Stores: { MySQL: { PasswordFile: good } } }),
    );
    expect(again.warnings.join()).to.match(/MySQL\.PasswordFile: .*holds a password/);
  });

  it('reports the authorities of HTTPS that are missing or none, each with its key', async () => {
    const CAFile = fileOf('none.pem', '');
    const problems = await problemsOf({
      Metrics: { m: { Prometheus: { CAFile } } },
      Clusters: {
        a: { HAProxySettings: { CAFile: '/nowhere/ca.pem' }, VitessSettings: { CAFile } },
        b: { Metrics: { n: { Hosts: { VitessSettings: { CAFile } } } } },
        c: { HAProxySettings: { CAFile: authority.caFile }, HttpCheckTLS: { CAFile } },
      },
    });
    const none = `${CAFile} contains no certificate in PEM format`;
    expect(problems).to.deep.equal([
      `${MYSQL}.Clusters.a.HAProxySettings.CAFile: /nowhere/ca.pem cannot be read: no such file`,
      `${MYSQL}.Clusters.a.VitessSettings.CAFile: ${none}`,
      `${MYSQL}.Metrics.m.Prometheus.CAFile: ${none}`,
      `${MYSQL}.Clusters.b.Metrics.n.Hosts.VitessSettings.CAFile: ${none}`,
      `${MYSQL}.Clusters.c.HttpCheckTLS.CAFile: ${none}`,
    ]);
  });

  it('reports a file with the wrong content', async () => {
    const empty = fileOf('empty.pem', '');
    const CAFile = first.keyFile;
    expect(
      await problemsOf({
        Clusters: {
          authority: { TLS: { CAFile } },
          certificate: { TLS: { CertFile: empty, KeyFile: first.keyFile } },
          key: { TLS: { CertFile: first.certFile, KeyFile: first.certFile } },
          pair: { TLS: { CertFile: first.certFile, KeyFile: second.keyFile } },
        },
      }),
    ).to.deep.equal([
      `${MYSQL}.Clusters.authority.TLS.CAFile: ${CAFile} contains no certificate in PEM format`,
      `${MYSQL}.Clusters.certificate.TLS.CertFile: ${empty} contains no certificate in PEM format`,
      `${MYSQL}.Clusters.key.TLS.KeyFile: ${first.certFile} contains no private key in PEM ` +
        'format without a passphrase',
      `${MYSQL}.Clusters.pair.TLS.KeyFile: ${second.keyFile} does not match the ` +
        'certificate in CertFile',
    ]);
  });

  it('reports a file of secrets of peers that is unusable, and quotes nothing of it', async () => {
    const problems = (name: string) => problemsOf({}, { RaftSecretFile: name });
    expect(await problems(fileOf('good', 'x'.repeat(32)))).to.be.empty;
    expect(await problems('/nowhere/secret')).to.deep.equal([
      'RaftSecretFile: /nowhere/secret cannot be read: no such file',
    ]);
    const short = fileOf('short', 'hunter2');
    expect(await problems(short)).to.deep.equal([
      `RaftSecretFile: ${short} line 1 has fewer than 32 characters; ` +
        'make a secret with: openssl rand -hex 32',
    ]);
  });

  it('reports the files of MemcacheTLS that are unusable', async () => {
    const mixed = { ...pair(first), KeyFile: second.keyFile };
    expect(await problemsOf({}, { MemcacheTLS: pair(first) })).to.be.empty;
    expect(await problemsOf({}, { MemcacheTLS: mixed })).to.deep.equal([
      `MemcacheTLS.KeyFile: ${second.keyFile} does not match the certificate in CertFile`,
    ]);
  });

  it('reports the files of RaftTLS that are unusable', async () => {
    const RaftTLS = { CAFile: authority.caFile, ...pair(first) };
    expect(await problemsOf({}, { RaftTLS })).to.be.empty;
    const mixed = { ...RaftTLS, KeyFile: second.keyFile };
    expect(await problemsOf({}, { RaftTLS: mixed })).to.deep.equal([
      `RaftTLS.KeyFile: ${second.keyFile} does not match the certificate in CertFile`,
    ]);
    const missing = { ...RaftTLS, CAFile: '/nowhere/ca.pem' };
    expect(await problemsOf({}, { RaftTLS: missing })).to.deep.equal([
      'RaftTLS.CAFile: /nowhere/ca.pem cannot be read: no such file',
    ]);
  });

  it('reports the files of metrics at the object that names them', async () => {
    const TLS = { CAFile: '/nowhere/ca.pem' };
    const x = { Query: 'select 1', TLS: { CAFile: '/nowhere/x.pem' } };
    const y = { Query: 'select 1', TLS: { ServerName: 'db' } };
    const z = { Query: 'select 1' };
    const Clusters = { a: { TLS, Metrics: { y, z } }, b: { Metrics: { x: {}, y } } };
    expect(await problemsOf({ Metrics: { x }, Clusters })).to.deep.equal([
      `${MYSQL}.Clusters.a.TLS.CAFile: /nowhere/ca.pem cannot be read: no such file`,
      `${MYSQL}.Metrics.x.TLS.CAFile: /nowhere/x.pem cannot be read: no such file`,
    ]);
  });

  it('does not check files of connections that are not encrypted', async () => {
    const TLS = { CAFile: '/nowhere/ca.pem' };
    expect(await problemsOf({ TLS, Clusters: { a: { TLS: { Enabled: false } } } })).to.be.empty;
    expect(await problemsOf({}, { BackendMySQLTLS: TLS, RaftDataDir: '/d' })).to.be.empty;
  });

  it('checks the files of the backend too', async () => {
    const BackendMySQLTLS = { CertFile: '/nowhere/cert.pem', KeyFile: '/nowhere/key.pem' };
    expect(await problemsOf({}, { BackendMySQLHost: 'db', BackendMySQLTLS })).to.deep.equal([
      'BackendMySQLTLS.CertFile: /nowhere/cert.pem cannot be read: no such file',
      'BackendMySQLTLS.KeyFile: /nowhere/key.pem cannot be read: no such file',
    ]);
  });
});

function pair({ certFile, keyFile }: Certificate): { CertFile: string; KeyFile: string } {
  return { CertFile: certFile, KeyFile: keyFile };
}
