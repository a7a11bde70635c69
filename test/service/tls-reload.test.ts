/** A running node with HTTP over TLS: SIGHUP renews its certificate, or the reload is refused. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { runCommand } from '../support/freno-command.js';
import { until } from '../support/until.js';

describe('a node with HTTP over TLS', () => {
  const directory = new TemporaryDirectory();
  const CertFile = join(directory.path, 'node.pem');
  const KeyFile = join(directory.path, 'node.key');
  let authority: CertificateAuthority;
  let good: Certificate;
  let renewed: Certificate;
  let expired: Certificate;

  before(async () => {
    authority = await CertificateAuthority.create('freno test authority');
    good = await authority.issue('good', 'IP:127.0.0.1');
    renewed = await authority.issue('renewed', 'IP:127.0.0.1');
    expired = await authority.issueFor([-2, -1], 'expired', 'IP:127.0.0.1');
  });

  after(async () => {
    await authority.remove();
    directory.remove();
  });

  function install({ certFile, keyFile }: Certificate): void {
    copyFileSync(certFile, CertFile);
    copyFileSync(keyFile, KeyFile);
  }

  async function configuration(engine: string) {
    const [port = 0, raft = 0] = await freePorts(2);
    return {
      ...{ ListenPort: port, ListenAddress: '127.0.0.1', HttpEngine: engine, HttpWorkers: 2 },
      ...{ ListenTLS: { CertFile, KeyFile }, RaftBind: `127.0.0.1:${raft}` },
      RaftDataDir: join(directory.path, `raft-${engine}`),
    };
  }

  /** Common name of the certificate of a new connection; empty when there is none. */
  function presented(port: number): Promise<string> {
    return new Promise((resolve) => {
      const ca = readFileSync(authority.caFile);
      const socket = connect({ host: '127.0.0.1', port, ca, servername: '' }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.once('error', () => resolve(''));
    });
  }

  for (const engine of ['uws', 'node']) {
    it(`renews its certificate by SIGHUP, and keeps it for a bad one: ${engine}`, async () => {
      install(good);
      const config = await configuration(engine);
      const freno = new FrenoProcess(config, directory.path, { freno: ['--verbose'] });
      const port = config.ListenPort;
      // Every worker has read the files.
      await until(() => /"serving"/.test(freno.log), 20_000);
      expect(await presented(port)).to.equal('good');
      install(expired);
      freno.signal('SIGHUP');
      await until(() => /ListenTLS\.CertFile: .*node\.pem has expired/.test(freno.log));
      expect(await presented(port)).to.equal('good');
      install(renewed);
      freno.signal('SIGHUP');
      await until(() => freno.log.includes('new connections get the renewed certificate'));
      for (let connection = 0; connection < 4; connection++) {
        expect(await presented(port)).to.equal('renewed');
      }
      await freno.stop();
    });
  }

  it('does not start with a certificate that has expired, and names the file', async () => {
    install(expired);
    const config = await configuration('auto');
    const flags = ['--http', '--raft-datadir', config.RaftDataDir];
    const file = join(directory.path, 'bad.conf.json');
    writeFileSync(file, JSON.stringify(config));
    const { code, stderr } = await runCommand([...flags, '--config', file]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/ListenTLS\.CertFile: .*node\.pem has expired on/);
  });
});
