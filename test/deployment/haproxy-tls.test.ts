/** The real HAProxy with the lines of docs/security.md: TLS to it, and from it to the nodes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import type { HAProxy } from '../support/haproxy.js';
import { needPrograms } from '../support/needs.js';
import { startShippedHAProxy } from '../support/shipped-haproxy.js';
import { until } from '../support/until.js';

const PAGE = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const LINES = /```haproxy\n([^`]*)```/.exec(PAGE)![1]!.trimEnd().split('\n');

/** `show stat` (management.txt, section 9.1): columns of a line. */
const [NAME, STATUS] = [1, 17];

describe('HAProxy with TLS, as documented', () => {
  const directory = new TemporaryDirectory();
  const combined = join(directory.path, 'freno.pem');
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let haproxy: HAProxy;
  const nodes: FrenoProcess[] = [];

  before(async function () {
    needPrograms(this, 'haproxy', 'openssl');
    authority = await CertificateAuthority.create('freno authority');
    stranger = await CertificateAuthority.create('another authority');
    const front = await authority.issue('front', 'IP:127.0.0.1');
    writeFileSync(combined, readFileSync(front.certFile) + readFileSync(front.keyFile).toString());
    const certificates = [
      await authority.issue('node1', 'DNS:node1.example.com'),
      await stranger.issue('node2', 'DNS:node2.example.com'),
      await authority.issue('node3', 'DNS:elsewhere.example.com'),
    ];
    for (const certificate of certificates) nodes.push(await start(certificate));
    haproxy = await startShippedHAProxy(nodes, edited);
  });

  after(async () => {
    await haproxy?.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await authority?.remove();
    await stranger?.remove();
    directory.remove();
  });

  /** A cluster of its own, so that each of the three says that it leads. */
  async function start({ certFile, keyFile }: Certificate): Promise<FrenoProcess> {
    const [ListenPort = 0, raft = 0] = await freePorts(2);
    const config = {
      ...{ ListenPort, HttpWorkers: 1, ProbeWorkers: 1, RaftBind: `127.0.0.1:${raft}` },
      ListenTLS: { CertFile: certFile, KeyFile: keyFile },
      RaftDataDir: join(directory.path, `raft-${ListenPort}`),
    };
    const node = new FrenoProcess(config, directory.path, { freno: ['--verbose'] });
    await until(() => node.log.includes('"serving"'), 20_000);
    return node;
  }

  /** With the lines of the page in place of those that have the same beginning. */
  function edited(shipped: string): string {
    const [bind = '', defaults = '', ...servers] = LINES.map((line) =>
      line
        .replace('/etc/haproxy/freno.pem', combined)
        .replace('/etc/haproxy/freno-ca.pem', authority.caFile),
    );
    const withBind = shipped.replace('  bind :8087', bind);
    return withBind.replace(
      /(?: {2}server freno\d .*\n)+/,
      `${[defaults, ...servers].join('\n')}\n`,
    );
  }

  function statusOf(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const ca = readFileSync(authority.caFile);
      const options = { host: '127.0.0.1', port: haproxy.port, path, ca, agent: false };
      request(options, (response) => resolve(response.resume().statusCode!))
        .once('error', reject)
        .end();
    });
  }

  async function states(): Promise<Record<string, string>> {
    const lines = (await haproxy.command('show stat')).split('\n').map((line) => line.split(','));
    const ours = lines.filter((columns) => /^freno\d$/.test(columns[NAME] ?? ''));
    return Object.fromEntries(ours.map((columns) => [columns[NAME], columns[STATUS]]));
  }

  it('finds the node with the right certificate by /leader-check, and no other', async () => {
    await until(async () => {
      const { freno1, freno2, freno3 } = await states();
      return freno1 === 'UP' && freno2 === 'DOWN' && freno3 === 'DOWN';
    }, 5_000);
  });

  it('passes requests on over TLS', async () => {
    expect(await statusOf('/leader-check')).to.equal(200);
    expect(await statusOf('/check/app/mysql/none')).to.equal(404);
  });
});
