/** The start with a MySQL backend: tables, privileges, TLS, and the messages of failures. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FrenoError } from '../../../src/base/errors.js';
import type { BackendSettings } from '../../../src/config/settings.js';
import { TABLE_DEFINITIONS } from '../../../src/consensus/mysql/tables.js';
import type { TlsSettings } from '../../../src/contracts/stores.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { failureOf } from '../../support/failure.js';
import { needPrograms } from '../../support/needs.js';
import { Backend, PASSWORD } from './backend.js';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

const ALL = 'SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX';

describe('the start with a MySQL backend', () => {
  const backend = new Backend();
  let authority: CertificateAuthority | undefined;

  before(async function () {
    needPrograms(this, 'openssl');
    authority = await CertificateAuthority.create('freno test authority');
    const own = await authority.issue('server', 'DNS:db.example', 'IP:127.0.0.1');
    await backend.create(this, [`--ssl-cert=${own.certFile}`, `--ssl-key=${own.keyFile}`]);
  });
  beforeEach(() => backend.reset());
  afterEach(async () => {
    await backend.stopNodes();
    expect(backend.lines.join()).not.to.contain(PASSWORD);
  });
  after(async () => {
    await backend.remove();
    await authority?.remove();
  });

  const startWith = async (settings: Partial<BackendSettings>): Promise<void> => {
    const node = backend.node('a:1', { settings: { ...backend.settings, ...settings } });
    await node.consensus.start();
    expect(node.acts).to.equal(true);
  };
  const refusal = async (settings: Partial<BackendSettings>): Promise<FrenoError> => {
    const failure = await failureOf(startWith(settings));
    expect(failure).to.be.instanceOf(FrenoError);
    return failure as FrenoError;
  };

  it('creates missing tables as resources/mysql-backend.sql does', async () => {
    await startWith({});
    const tables = await backend.server.run<{ name: string }>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    expect(tables.map(({ name }) => name).sort()).to.deep.equal([
      'freno_commands',
      'freno_exempted_apps',
      'freno_notes',
      'freno_thresholds',
      'service_election',
      'service_health',
      'skipped_hosts',
      'throttled_apps',
    ]);
    const file = readFileSync(join(ROOT, 'resources/mysql-backend.sql'), 'utf8');
    for (const definition of TABLE_DEFINITIONS) expect(file).to.contain(`${definition};`);
  });

  it('needs no CREATE privilege when the tables exist', async () => {
    await backend.server.run(...TABLE_DEFINITIONS);
    await withPrivileges(backend, 'SELECT, INSERT, UPDATE, DELETE', () => startWith({}));
  });

  it('names the missing table when it lacks the CREATE privilege', async () => {
    await withPrivileges(backend, 'SELECT, INSERT, UPDATE, DELETE', async () => {
      const failure = await refusal({});
      expect(failure.code).to.equal('RESOURCE');
      expect(failure.message).to.match(/BackendMySQLUser.*CREATE.*service_election/);
    });
  });

  it('works without service_health, except for the list of healthy services', async () => {
    const others = TABLE_DEFINITIONS.filter((text) => !text.includes('service_health'));
    await backend.server.run(...others);
    await withPrivileges(backend, 'SELECT, INSERT, UPDATE, DELETE', async () => {
      const node = backend.node('a:1');
      await node.consensus.start();
      expect(node.acts).to.equal(true);
      expect(node.consensus.status().HealthyDomainServicesList).to.equal(null);
    });
  });

  it('names a missing column in a table of an early version of the original', async () => {
    await backend.server.run(
      `CREATE TABLE service_election (domain varchar(32) PRIMARY KEY, service_id varchar(128),
        last_seen_active timestamp)`,
    );
    const failure = await refusal({});
    expect(failure.message).to.match(/resources\/mysql-backend\.sql.*share_domain/);
  });

  it('names the key when user, schema, collation or domain is wrong', async () => {
    const password = await refusal({ password: 'wrong-horse' });
    expect(password.code).to.equal('RESOURCE');
    expect(password.message).to.match(/^BackendMySQLUser or BackendMySQLPassword: /);
    expect(password.message).not.to.contain('wrong-horse');
    expect((await refusal({ schema: 'nowhere' })).message).to.match(
      /BackendMySQL(Schema|User or BackendMySQLPassword): .*nowhere/,
    );
    expect((await refusal({ user: 'root', password: '', schema: 'nowhere' })).message).to.match(
      /^BackendMySQLSchema: /,
    );
    const collation = await refusal({ collation: 'klingon_ci' });
    expect(collation.message).to.match(/^BackendMySQLCollation: .*klingon_ci/);
    const node = backend.node('a:1', { domain: 'd'.repeat(33) });
    const tooLong = await failureOf(node.consensus.start());
    expect(String(tooLong)).to.match(/Domain, ShareDomain or the name of this host/);
  });

  it('accepts a collation for the connection', () =>
    startWith({ collation: 'utf8mb4_general_ci' }));

  it('waits for a backend that is down, and participates once it is up', async () => {
    await backend.server.kill();
    const node = backend.node('a:1');
    await node.consensus.start();
    expect(node.consensus.status()).to.deep.include({ State: 'Unhealthy', Leader: '' });
    const failure = await failureOf(
      node.consensus.submit({ kind: 'throttleApp', atMs: Date.now(), key: 'x' }),
    );
    expect(failure).to.include({ code: 'NO_LEADER' });
    await backend.server.restart();
    await node.until(() => node.acts);
    await backend.server.run('USE freno');
  });

  describe('with TLS', () => {
    const tls = (changes: Partial<TlsSettings>): { readonly tls: TlsSettings } => ({
      tls: {
        caFile: authority!.caFile,
        certFile: '',
        keyFile: '',
        serverName: '',
        skipVerify: false,
        ...changes,
      },
    });

    before(() => backend.server.run("ALTER USER freno@'%' REQUIRE SSL"));
    after(() => backend.server.run("ALTER USER freno@'%' REQUIRE NONE"));

    it('connects over TLS when the certificate is for the address', () => startWith(tls({})));

    it('connects over TLS when the certificate is for ServerName', () =>
      startWith(tls({ serverName: 'db.example' })));

    it('refuses a certificate for another name or address, or of another authority', async () => {
      for (const changes of [
        { serverName: 'other.example' },
        { serverName: '127.0.0.2' },
        { caFile: '' },
      ]) {
        const failure = await refusal(tls(changes));
        expect(failure.message, JSON.stringify(changes)).to.match(/^BackendMySQLTLS: /);
      }
    });

    it('accepts any certificate with SkipVerify', () =>
      startWith(tls({ caFile: '', serverName: 'other.example', skipVerify: true })));

    it('names a certificate file that cannot be read', async () => {
      const failure = await refusal(tls({ caFile: '/nowhere/ca.pem' }));
      expect(failure.code).to.equal('RESOURCE');
      expect(failure.message).to.match(/^BackendMySQLTLS\.CAFile: .*\/nowhere\/ca\.pem/);
    });
  });
});

async function withPrivileges(
  backend: Backend,
  privileges: string,
  work: () => Promise<void>,
): Promise<void> {
  await backend.server.run(
    `REVOKE ${ALL} ON freno.* FROM freno@'%'`,
    `GRANT ${privileges} ON freno.* TO freno@'%'`,
  );
  try {
    await work();
  } finally {
    await backend.stopNodes();
    await backend.server.run(`GRANT ${ALL} ON freno.* TO freno@'%'`);
  }
}
