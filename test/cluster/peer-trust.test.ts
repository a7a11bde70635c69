/**
 * A cluster of the previous release is moved over to TLS and a secret, one node at a time, and goes
 * on meanwhile; then certificates and secrets change, and a node without them is refused.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { TestCluster, throttledApps } from '../support/cluster.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { needPreviousRelease, previousRelease } from '../support/previous-release.js';
import { until } from '../support/until.js';

const [OLD, NEW] = ['a'.repeat(32), 'b'.repeat(32)];

describe('a cluster whose peers come to prove who they are', function () {
  // The first run builds the previous release.
  this.timeout(180_000);

  const files = new TemporaryDirectory();
  const secretFile = join(files.path, 'secret');
  let authority: CertificateAuthority;
  let launcher: string;
  let cluster: TestCluster;
  let apps = 0;

  before(async function () {
    needPreviousRelease(this);
    launcher = previousRelease();
    authority = await CertificateAuthority.create('authority of the cluster');
    writeFileSync(secretFile, OLD);
    cluster = await TestCluster.start(3, {}, { flags: { launcher } });
  });

  after(async () => {
    await cluster?.stop();
    await authority?.remove();
    files.remove();
  });

  const fileOf = (node: FrenoNode, suffix: string) => join(files.path, `${node.port}.${suffix}`);

  /** Under the name of its port: all nodes have one address. */
  async function certify(node: FrenoNode): Promise<void> {
    const name = `node-${node.port}`;
    const { certFile, keyFile }: Certificate = await authority.issue(name, `DNS:${name}`);
    copyFileSync(certFile, fileOf(node, 'pem'));
    copyFileSync(keyFile, fileOf(node, 'key'));
  }

  function keysOf(node: FrenoNode, mode: 'accept' | 'require'): object {
    const names = cluster.nodes.map(({ port, configuration }) => [
      String(configuration.RaftBind),
      `node-${port}`,
    ]);
    return {
      RaftSecretFile: secretFile,
      RaftSecretMode: mode,
      RaftTLS: {
        CAFile: authority.caFile,
        CertFile: fileOf(node, 'pem'),
        KeyFile: fileOf(node, 'key'),
        Mode: mode,
        Names: Object.fromEntries(names) as object,
      },
    };
  }

  async function metric(node: FrenoNode, name: string): Promise<number> {
    const { body } = await fetchOnce(node.port, '/metrics');
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)?.[1]);
  }

  /** A command that one node takes is in force on all. */
  async function expectOneCluster(): Promise<void> {
    for (const node of cluster.nodes) {
      const app = `app${++apps}`;
      const { status, body } = await fetchOnce(node.port, `/throttle-app/${app}/ttl/60`);
      expect(status, body).to.equal(200);
      for (const other of cluster.nodes) {
        await until(async () => (await throttledApps(other)).includes(app));
      }
    }
  }

  /** Each node ends and comes back with other keys, as this release. */
  async function roll(keys: (node: FrenoNode) => object): Promise<void> {
    for (const node of cluster.nodes) {
      await node.stop();
      Object.assign(node.configuration, keys(node));
      node.start({});
      await cluster.joined(node);
      await cluster.leader();
      await expectOneCluster();
    }
  }

  const terms = (): Promise<number[]> =>
    Promise.all(cluster.nodes.map((node) => metric(node, 'freno_raft_term')));

  it('goes on while each node in turn comes to accept both', async () => {
    for (const node of cluster.nodes) await certify(node);
    await roll((node) => keysOf(node, 'accept'));
    await until(async () => {
      const unproven = cluster.nodes.map((node) => metric(node, 'freno_raft_unproven_peers'));
      return (await Promise.all(unproven)).every((peers) => peers === 0);
    });
  });

  it('goes on while each node in turn comes to require it, without further elections', async () => {
    const before = Math.max(...(await terms()));
    await roll((node) => keysOf(node, 'require'));
    expect(Math.max(...(await terms())) - before).to.be.at.most(cluster.nodes.length);
  });

  it('changes the secret and the certificates by SIGHUP, and loses no connection', async () => {
    const [before, reloads] = [await terms(), new Map<FrenoNode, number>()];
    const reloadsOf = (node: FrenoNode) => node.process.log.split('configuration reloaded').length;
    const lossesOf = (node: FrenoNode) => node.process.log.split('raft: peer lost').length;
    const losses = cluster.nodes.map(lossesOf);
    for (const text of [`${OLD}\n${NEW}`, `${NEW}\n${OLD}`, NEW]) {
      writeFileSync(secretFile, text);
      for (const node of cluster.nodes) {
        if (text === NEW) await certify(node);
        reloads.set(node, reloadsOf(node));
        node.process.signal('SIGHUP');
      }
      await until(() => cluster.nodes.every((node) => reloadsOf(node) > reloads.get(node)!));
    }
    await expectOneCluster();
    expect(await terms()).to.deep.equal(before);
    expect(cluster.nodes.map(lossesOf)).to.deep.equal(losses);
  });

  it('refuses a reload of a secret that is unusable, and goes on with the one before', async () => {
    const [node] = cluster.nodes;
    writeFileSync(secretFile, 'short');
    node!.process.signal('SIGHUP');
    await until(() => node!.process.log.includes('has fewer than 32 characters'));
    writeFileSync(secretFile, NEW);
    await node!.stop();
    node!.start({});
    await cluster.joined(node!);
    await expectOneCluster();
  });

  it('names a node without certificates with the reason, and takes it back with them', async () => {
    const [node, other] = cluster.nodes;
    const name = String(node!.configuration.RaftBind);
    const { RaftTLS } = node!.configuration as { RaftTLS?: object };
    await node!.stop();
    Object.assign(node!.configuration, { RaftTLS: undefined });
    node!.start({});
    await until(async () => {
      const body = (await fetchJson(other!.port, '/cluster')) as {
        readonly Nodes: ReadonlyArray<{ readonly Node: string; readonly Refused?: string }>;
      };
      const refused = body.Nodes.find(({ Node }) => Node === name)?.Refused;
      return refused === '127.0.0.1: its connection is not encrypted (RaftTLS)';
    });
    expect(await metric(other!, 'freno_raft_refused_proofs_total')).to.be.at.least(1);
    expect(other!.process.log).to.contain(`node ${name}: its connection is not encrypted`);
    await node!.stop();
    Object.assign(node!.configuration, { RaftTLS });
    node!.start({});
    await cluster.joined(node!);
    await expectOneCluster();
  });
});
