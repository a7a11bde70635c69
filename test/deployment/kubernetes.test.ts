/**
 * The manifests of resources/kubernetes agree with each other, with the configuration's schema and
 * with freno's paths.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadAll } from 'js-yaml';
import { loadConfig } from '../../src/config/load.js';
import { serviceSettings } from '../../src/config/settings.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { matchRoute } from '../../src/http/worker/routes.js';
import { needPrograms, programPath } from '../support/needs.js';

const RESOURCES = new URL('../../../resources/', import.meta.url);
const FOLDER = new URL('kubernetes/', RESOURCES);

interface Port {
  readonly name: string;
  readonly port?: number;
  readonly containerPort?: number;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env: ReadonlyArray<{ readonly name: string; readonly valueFrom?: object }>;
  readonly ports: readonly Port[];
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly volumeMounts: ReadonlyArray<{ readonly name: string; readonly mountPath: string }>;
}

interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly serviceName?: string;
    readonly selector: Selector;
    readonly ports: readonly Port[];
    readonly minAvailable: number;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
        readonly volumes: ReadonlyArray<{
          readonly name: string;
          readonly configMap?: { readonly name: string };
          readonly secret?: { readonly secretName: string; readonly defaultMode: number };
        }>;
      };
    };
    readonly volumeClaimTemplates?: ReadonlyArray<{ readonly metadata: { readonly name: string } }>;
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: ReadonlyArray<{
    readonly name: string;
    readonly files: readonly string[];
  }>;
}

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const [kustomization] = loadAll(read('kustomization.yaml')) as [Kustomization];
const manifests = kustomization.resources.flatMap((name) => loadAll(read(name)) as Manifest[]);

function the(kind: string, name: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name);
  expect(found, `${kind} ${name}`).to.have.length(1);
  return found[0]!;
}

const workloads = [the('StatefulSet', 'freno'), the('Deployment', 'freno-proxy')];
const freno = workloads[0]!;
const container = freno.spec.template.spec.containers[0]!;

describe('the manifests for Kubernetes', () => {
  it('lists every manifest, and only existing ones', () => {
    const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
    const listed = kustomization.configMapGenerator.flatMap((each) => each.files);
    expect([...kustomization.resources, ...listed]).to.have.members(files);
    for (const { apiVersion, kind, metadata } of manifests) {
      expect([apiVersion, kind, metadata.name]).not.to.include(undefined);
    }
  });

  it('selects the pods of each set, with budgets that allow an eviction', () => {
    for (const { spec, metadata } of workloads) {
      expect(spec.template.metadata.labels).to.include(spec.selector.matchLabels);
      const budget = the('PodDisruptionBudget', metadata.name).spec;
      expect(budget.selector).to.deep.equal(spec.selector);
      expect(budget.minAvailable).to.equal(spec.replicas - 1);
    }
    expect(the('Service', freno.spec.serviceName!).spec.selector).to.deep.equal(
      freno.spec.selector.matchLabels,
    );
    expect(the('Service', 'freno').spec.selector).to.deep.equal(
      workloads[1]!.spec.selector.matchLabels,
    );
  });

  it('mounts only volumes that exist', () => {
    const maps = kustomization.configMapGenerator.map(({ name }) => name);
    for (const { spec } of workloads) {
      const { containers, volumes } = spec.template.spec;
      const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const names = [...volumes.map(({ name }) => name), ...claims];
      for (const { name } of containers.flatMap((each) => each.volumeMounts)) {
        expect(names).to.include(name);
      }
      for (const { configMap } of volumes) if (configMap) expect(maps).to.include(configMap.name);
    }
    expect(container.args).to.include('/etc/freno/freno.conf.json');
  });

  it('probes paths that freno serves, and leaves it the time to shut down', () => {
    for (const { httpGet } of [container.readinessProbe, container.livenessProbe]) {
      expect(matchRoute(httpGet.path).kind, httpGet.path).to.equal('found');
      expect(container.ports.map(({ name }) => name)).to.include(httpGet.port);
    }
    const [proxy] = workloads[1]!.spec.template.spec.containers;
    for (const { httpGet } of [proxy!.readinessProbe, proxy!.livenessProbe]) {
      expect(read('haproxy.cfg')).to.include(`if { path ${httpGet.path} }`);
    }
    expect(freno.spec.template.spec.terminationGracePeriodSeconds).to.be.at.least(5);
  });

  it('configures each pod as one of RaftNodes, with its ports and directory', async () => {
    const variables = container.env.map(({ name }) => name);
    const nodes: string[] = [];
    const secrets = container.volumeMounts.find(({ name }) => name === 'secrets')!.mountPath;
    const directory = new TemporaryDirectory();
    for (const name of secretKeys()) {
      writeFileSync(join(directory.path, name), 'a secret of 32 characters or more', {
        mode: 0o600,
      });
    }
    const configFile = join(directory.path, 'freno.conf.json');
    writeFileSync(configFile, read('freno.conf.json').replaceAll(secrets, directory.path));
    for (let index = 0; index < freno.spec.replicas; index++) {
      const environment = Object.fromEntries(variables.map((name) => [name, 'x']));
      const { config, warnings } = await loadConfig({
        configFile,
        overrides: {},
        environment: { ...environment, POD_NAME: `${freno.metadata.name}-${index}` },
      });
      expect(warnings.filter((line) => !line.includes('reserved for documentation'))).to.be.empty;
      const { access, consensus, door, listenPort } = serviceSettings(config, 2);
      if (consensus.kind !== 'raft') throw new Error('it does not use Raft');
      expect(consensus.nodes).to.have.length(freno.spec.replicas);
      expect(consensus.advertise).to.equal(
        `freno-${index}.${freno.spec.serviceName}:${portOf('raft')}`,
      );
      nodes.push(consensus.advertise);
      expect(consensus.nodes).to.include.members(nodes);
      expect(listenPort).to.equal(portOf('http'));
      expect(door.adminListen).to.include({ port: portOf('admin') });
      expect(access.anonymous).to.have.members(['check', 'read']);
      expect(container.volumeMounts.map(({ mountPath }) => mountPath)).to.include(
        config.RaftDataDir,
      );
    }
    directory.remove();
  });

  it('has secrets in files of its group alone, and none in the environment', () => {
    const { secret } = freno.spec.template.spec.volumes.find(({ name }) => name === 'secrets')!;
    expect(secret!.defaultMode).to.equal(0o440);
    expect(read('kustomization.yaml')).to.include(`secret generic ${secret!.secretName}`);
    expect(JSON.stringify(container.env)).not.to.match(/secret|password|token/i);
  });

  it('lets only operators reach the port of commands', () => {
    const policy = read('network-policy.yaml');
    const [rule] = policy.split(/^ {4}- (?=from:|ports:)/m).filter((each) => /admin/.test(each));
    expect(rule).to.match(/^from:[\s\S]*freno-operator: "true"[\s\S]*port: admin/);
    expect(the('Service', 'freno-admin').spec.ports[0]!.port).to.equal(portOf('admin'));
  });

  it('has a haproxy.cfg that HAProxy accepts', function () {
    needPrograms(this, 'haproxy');
    const { status, stderr } = spawnSync(
      programPath('haproxy'),
      ['-c', '-f', fileURLToPath(new URL('haproxy.cfg', FOLDER))],
      { env: { POD_NAMESPACE: 'freno' }, encoding: 'utf8' },
    );
    expect(status, stderr).to.equal(0);
  });

  it('has the rules of resources/haproxy.cfg in haproxy.cfg', () => {
    const tested = rules(readFileSync(new URL('haproxy.cfg', RESOURCES), 'utf8'));
    expect(rules(read('haproxy.cfg').replace(' resolvers kubernetes', ''))).to.deep.equal(tested);
  });
});

/** The names of the files that the secret is made of. */
function secretKeys(): string[] {
  const keys = read('kustomization.yaml').matchAll(/--from-file=([\w-]+)/g);
  return [...keys].map(([, key]) => key!);
}

function portOf(name: string): number {
  return container.ports.find((port) => port.name === name)!.containerPort!;
}

/**
 * The lines of the sections that route requests, without comments, blank lines and servers.
 */
function rules(file: string): string[] {
  const lines = file.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  let section = '';
  return lines.filter((line) => {
    if (!line.startsWith(' ')) section = line;
    const decides = ['defaults', 'frontend freno', 'backend freno_leader'].includes(section);
    return decides && !line.startsWith('  server ');
  });
}
