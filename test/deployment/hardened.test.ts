/** The certificates of docs/security.md, made as it says, and the hardened sample with them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import { type LoadedConfig, loadConfig } from '../../src/config/load.js';
import { serviceSettings } from '../../src/config/settings.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { failureOf } from '../support/failure.js';
import { needPrograms } from '../support/needs.js';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** The commands between the heading "Certificates" and the next one of its level. */
function documentedCommands(): string[] {
  const [, section] = /^## Certificates\n([\s\S]*?)^## /m.exec(read('docs/security.md'))!;
  return [...section!.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
}

describe('the hardened sample configuration', () => {
  const directory = new TemporaryDirectory();
  const installed = join(directory.path, 'etc/freno');
  /** The places and the group of a real node are those of a test here. */
  const moved = (text: string): string =>
    text.replaceAll('/etc/freno', installed).replaceAll(' -g freno', '');

  before(function () {
    needPrograms(this, 'openssl');
    const commands = documentedCommands();
    expect(commands).to.have.length(4);
    execFileSync('sh', ['-e', '-c', moved(commands.join('\n'))], {
      cwd: directory.path,
      stdio: 'pipe',
    });
    writeFileSync(join(installed, 'mysql.password'), 'a password\n', { mode: 0o400 });
    // In place of the authority of the MySQL servers, which freno does not make.
    copyFileSync(join(directory.path, 'http-ca.pem'), join(installed, 'tls/mysql-ca.pem'));
  });

  after(() => directory.remove());

  function load(edited = (text: string): string => text): Promise<LoadedConfig> {
    const configFile = join(directory.path, 'freno.conf.json');
    const text = edited(moved(read('resources/freno.conf.sample.hardened.json')));
    writeFileSync(configFile, text, { mode: 0o600 });
    return loadConfig({ configFile, overrides: {}, environment: {} });
  }

  it('loads with the documented certificates, and warns of placeholders alone', async () => {
    const { warnings } = await load();
    const others = warnings.filter((line) => !line.includes('an address reserved for'));
    expect(others).to.deep.equal([]);
  });

  it('opens no port to commands of strangers, and sends no password without TLS', async () => {
    const { config } = await load();
    const { access, door, listenAddress, listenTls, consensus } = serviceSettings(config, 2);
    expect(access.anonymous).to.have.members(['check', 'read']);
    expect(listenTls).not.to.equal(null);
    expect(door.adminListen!.host).not.to.equal(listenAddress);
    expect(door.allowedHosts).not.to.deep.equal([]);
    if (consensus.kind !== 'raft') throw new Error('it does not use Raft');
    expect(config.RaftTLS).to.include({ Mode: 'require' });
    expect(config.RaftSecretMode).to.equal('require');
    expect(config.EnableProfiling).to.equal(false);
    for (const { metrics } of clusterSettings(config)) {
      expect(metrics[0].tls).not.to.equal(null);
    }
    const clear = (text: string): string => text.replace('"Enabled": true', '"Enabled": false');
    expect(String(await failureOf(load(clear)))).to.match(/Login/);
  });

  it('is refused with the certificate of another key', async () => {
    const swapped = (text: string): string => text.replace('tls/http.key', 'tls/peers.key');
    expect(String(await failureOf(load(swapped)))).to.match(/ListenTLS/);
  });

  it('gives each of the documented certificates to what it is for', () => {
    for (const [authority, purpose, certificate] of [
      ['http', 'sslserver', 'http'],
      ['peers', 'sslserver', 'peers'],
      ['peers', 'sslclient', 'peers'],
      ['clients', 'sslclient', 'archiver'],
    ] as const) {
      const flags = ['-CAfile', `${authority}-ca.pem`, '-purpose', purpose];
      const said = execFileSync('openssl', ['verify', ...flags, `${certificate}.pem`], {
        cwd: directory.path,
        encoding: 'utf8',
      });
      expect(said).to.equal(`${certificate}.pem: OK\n`);
    }
  });
});
