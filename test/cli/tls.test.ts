/** Commands that ask a node with HTTP over TLS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { runCommand } from '../support/freno-command.js';
import { TestFront } from '../support/http-front.js';

describe('commands over TLS', () => {
  const directory = new TemporaryDirectory();
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let client: Certificate;
  let front: TestFront;
  let server: string[];

  before(async () => {
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
    client = await authority.issue('archiver', 'DNS:a');
    const { certFile, keyFile } = await authority.issue('node', 'IP:127.0.0.1');
    front = await TestFront.start('node', false, {
      ...{ certFile, keyFile, clientCaFile: authority.caFile, minVersion: 'TLSv1.2' },
    });
    front.addStore('ok');
    front.access.setAccess({
      ...{ anonymous: ['check', 'read'], tokens: [], separator: '' },
      certificates: [{ name: 'archiver', roles: ['control'], apps: ['*'], stores: ['*'] }],
    });
    server = ['--server', `https://127.0.0.1:${front.port}`];
  });

  after(async () => {
    front.stop();
    await authority.remove();
    await stranger.remove();
    directory.remove();
  });

  const trusting = (): string[] => [...server, '--ca', authority.caFile];

  it('check a store with --ca, and not without', async () => {
    expect((await runCommand(['check', 'app', 'ok', ...trusting()])).code).to.equal(0);
    const untrusted = await runCommand(['check', 'app', 'ok', ...server]);
    expect(untrusted.code).to.equal(5);
    expect(untrusted.stderr).to.match(/self.signed|unable to verify|issuer/);
    const other = ['check', 'app', 'ok', ...server, '--ca', stranger.caFile];
    expect((await runCommand(other)).code).to.equal(5);
  });

  it('show a certificate that names the caller', async () => {
    const { code } = await runCommand(['throttle', 'app', ...trusting()]);
    expect(code, 'anonymous').to.equal(1);
    const { certFile, keyFile } = client;
    const own = ['--cert', certFile, '--key', keyFile];
    expect((await runCommand(['throttle', 'app', ...trusting(), ...own])).code).to.equal(0);
    const both = join(directory.path, 'both.pem');
    writeFileSync(both, readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'));
    const one = ['unthrottle', 'app', ...trusting(), '--cert', both];
    expect((await runCommand(one)).code).to.equal(0);
  });

  it('refuse files that cannot be used, by the name of the option', async () => {
    for (const [words, option] of [
      [['--ca', '/nowhere/ca.pem'], /--ca: .*nowhere/],
      [['--key', client.keyFile], /--key: needs --cert/],
      [['--cert', client.certFile], /--cert, --key: /],
    ] as const) {
      const { code, stderr } = await runCommand(['status', ...server, ...words]);
      expect(code).to.equal(2);
      expect(stderr).to.match(option);
    }
  });
});
