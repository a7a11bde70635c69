/**
 * Mutated bytes at all ports of real nodes, plain and TLS, on both engines, while a well-behaved
 * client checks. They must not end a node, hold a check up, or leave memory or connections behind.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, get as tlsGet } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { CertificateAuthority } from '../support/certificates.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { mutatedBytes } from '../support/mutated-bytes.js';
import { SeededRandom } from '../support/random.js';
import { until } from '../support/until.js';
import { clientHello, HTTP_REQUESTS, peerMessages, type VisitorTls, visit } from './fuzz-inputs.js';
import { OwnPauses } from './own-pauses.js';

const ENGINES = ['uws', 'node'];
const CLUSTER_NAME = 'fuzz';
/** Visits at once. */
const VISITORS = 24;
const VISIT_MS = 250;
const CHECK_EVERY_MS = 20;
const CHECK_TIMEOUT_MS = 5_000;
/**
 * No check of either node is 200 for so long, pauses of this process not counted: longer than
 * elections on a busy machine.
 */
const GAP_MS_MAX = 10_000;
/** After the first fifth of the inputs, by which caches and the heap have grown. */
const GROWTH_BYTES_MAX = 128 * 1024 * 1024;
const DESCRIPTORS_LEFT_MAX = 8;
const QUIET_TIMEOUT_MS = 20_000;

/** A cluster without TLS, and one with TLS on both ports. */
export const TRANSPORTS = ['plain', 'TLS'] as const;

type Transport = (typeof TRANSPORTS)[number];

export interface FuzzReport {
  readonly transport: Transport;
  readonly inputs: number;
  /** Those that were sent: for others no TLS connection was made. */
  readonly delivered: number;
  readonly checks: number;
  readonly longestCheckMs: number;
  readonly longestGapMs: number;
  /** Of the node that grew most; null where /proc is missing. */
  readonly growthBytes: number | null;
  readonly violations: readonly string[];
}

/** What is sent to one port, and how. */
interface FuzzTarget {
  readonly port: number;
  readonly valid: readonly Buffer[];
  readonly tls: VisitorTls | null;
}

/** Sends so many inputs to a cluster of its own. */
export async function fuzz(
  transport: Transport,
  inputs: number,
  seed: number,
): Promise<FuzzReport> {
  const authority = await CertificateAuthority.create('authority');
  const stranger = await CertificateAuthority.create('another authority');
  try {
    return await fuzzCluster(transport, inputs, seed, authority, stranger);
  } finally {
    await authority.remove();
    await stranger.remove();
  }
}

async function fuzzCluster(
  transport: Transport,
  inputs: number,
  seed: number,
  authority: CertificateAuthority,
  stranger: CertificateAuthority,
): Promise<FuzzReport> {
  const directory = new TemporaryDirectory();
  const { certFile, keyFile } = await authority.issue('node', 'IP:127.0.0.1');
  const other = await stranger.issue('node', 'IP:127.0.0.1');
  const files = { CertFile: certFile, KeyFile: keyFile };
  const keys =
    transport === 'plain'
      ? { RaftSecret: 'a secret of the cluster that is long enough' }
      : { ListenTLS: files, RaftTLS: { CAFile: authority.caFile, ...files } };
  const fleet = await Fleet.start([{ value: VALUE }]);
  const common = { RaftClusterName: CLUSTER_NAME, HttpWorkers: 1, ProbeWorkers: 1, ...keys };
  const places = await createNodes(ENGINES.length, directory.path, common);
  const nodes = places.map(
    ({ configuration }, index) =>
      new FrenoNode(
        { Stores: storesOf(fleet.hosts), ...configuration, HttpEngine: ENGINES[index] },
        directory.path,
      ),
  );
  const client = new PoliteClient(
    nodes,
    transport === 'plain' ? null : readFileSync(authority.caFile),
  );
  try {
    for (const node of nodes) node.start();
    await until(() => client.isAllowed(), 30_000);
    const hello = await clientHello();
    const member = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const imposter = { cert: readFileSync(other.certFile), key: readFileSync(other.keyFile) };
    const targets = nodes.flatMap((node, index): FuzzTarget[] => {
      const [http, raft] = [node.port, portOf(addressOf(node))];
      const others = addressOf(nodes[1 - index]!);
      const greetings = peerMessages(others, addressOf(node), CLUSTER_NAME);
      const plain = { tls: null };
      if (transport === 'plain') {
        return [
          { port: http, valid: [...HTTP_REQUESTS, hello], ...plain },
          { port: raft, valid: [...greetings, hello, ...HTTP_REQUESTS.slice(0, 1)], ...plain },
        ];
      }
      // A member's own greeting would take the place of its connection: another cluster's.
      const foreign = peerMessages(others, addressOf(node), 'another cluster');
      return [
        { port: http, valid: [hello, ...HTTP_REQUESTS.slice(0, 1)], ...plain },
        { port: http, valid: HTTP_REQUESTS, tls: {} },
        { port: raft, valid: [hello, ...greetings], ...plain },
        { port: raft, valid: foreign, tls: member },
        { port: raft, valid: greetings, tls: imposter },
      ];
    });
    return await attack({ transport, inputs, seed, nodes, targets, client });
  } finally {
    client.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await fleet.stop();
    directory.remove();
  }
}

interface Attack {
  readonly transport: Transport;
  readonly inputs: number;
  readonly seed: number;
  readonly nodes: readonly FrenoNode[];
  readonly targets: readonly FuzzTarget[];
  readonly client: PoliteClient;
}

async function attack(settings: Attack): Promise<FuzzReport> {
  const { transport, inputs, seed, nodes, targets, client } = settings;
  const random = new SeededRandom(seed);
  const descriptors = nodes.map(descriptorsOf);
  let memory = nodes.map(memoryOf);
  let sent = 0;
  let delivered = 0;
  const warmAt = Math.floor(inputs / 5);
  const visitor = async (): Promise<void> => {
    while (sent < inputs && nodes.every((node) => node.running)) {
      if (sent++ === warmAt) memory = nodes.map(memoryOf);
      const { port, valid, tls } = targets[random.below(targets.length)]!;
      const bytes = mutatedBytes(valid[random.below(valid.length)]!, random);
      if (await visit(port, bytes, tls, VISIT_MS)) delivered++;
    }
  };
  const checking = client.start();
  await Promise.all(Array.from({ length: VISITORS }, visitor));
  client.stop();
  await checking;
  const violations: string[] = [];
  for (const node of nodes.filter((each) => !each.running)) {
    violations.push(`a node has ended:\n${node.process.log}`);
  }
  if (client.longestGapMs > GAP_MS_MAX) violations.push(`no 200 for ${client.longestGapMs} ms`);
  if (violations.length === 0) violations.push(...(await whatIsLeft(nodes, descriptors)));
  if (!(await client.isAllowed())) violations.push('no node answers a check with 200 afterwards');
  const growth = nodes.map((node, index) => (memoryOf(node) ?? 0) - (memory[index] ?? 0));
  const growthBytes = memory[0] === null ? null : Math.max(...growth);
  if (growthBytes !== null && growthBytes > GROWTH_BYTES_MAX) {
    violations.push(`a node has grown by ${growthBytes} bytes`);
  }
  const { checks, longestCheckMs, longestGapMs } = client;
  const counted = { inputs: sent, delivered, checks, longestCheckMs, longestGapMs };
  return { transport, ...counted, growthBytes, violations };
}

/** Connections that no visitor has any more. */
async function whatIsLeft(
  nodes: readonly FrenoNode[],
  before: ReadonlyArray<number | null>,
): Promise<string[]> {
  const left = (): number[] =>
    nodes.map((node, index) => (descriptorsOf(node) ?? 0) - (before[index] ?? 0));
  const isQuiet = (): boolean => Math.max(...left()) <= DESCRIPTORS_LEFT_MAX;
  await until(isQuiet, QUIET_TIMEOUT_MS).catch(() => undefined);
  return isQuiet() ? [] : [`descriptors left over: ${left().join(', ')}`];
}

/** Checks both nodes in turn; the leader is the one that allows. */
class PoliteClient {
  readonly #agent: Agent;
  #isOver = false;
  checks = 0;
  longestCheckMs = 0;
  longestGapMs = 0;

  constructor(
    private readonly nodes: readonly FrenoNode[],
    private readonly ca: Buffer | null,
  ) {
    this.#agent =
      ca === null ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ca });
  }

  async start(): Promise<void> {
    const pauses = new OwnPauses();
    const clockMs = (): number => performance.now() - pauses.pausedMs;
    let allowedAtMs = clockMs();
    while (!this.#isOver) {
      const askedAtMs = clockMs();
      const isAllowed = await this.isAllowed();
      const nowMs = clockMs();
      this.checks++;
      this.longestCheckMs = Math.max(this.longestCheckMs, nowMs - askedAtMs);
      this.longestGapMs = Math.max(this.longestGapMs, nowMs - allowedAtMs);
      if (isAllowed) allowedAtMs = nowMs;
      await delay(CHECK_EVERY_MS);
    }
    pauses.stop();
  }

  stop(): void {
    this.#isOver = true;
  }

  async isAllowed(): Promise<boolean> {
    const statuses = await Promise.all(this.nodes.map((node) => this.#status(node.port)));
    return statuses.includes(200);
  }

  #status(port: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const options: RequestOptions = {
        ...{ host: '127.0.0.1', port, path: `/check/polite/mysql/${STORE}` },
        ...{ agent: this.#agent, timeout: CHECK_TIMEOUT_MS },
      };
      const sent = (this.ca === null ? get : tlsGet)(options, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
        response.on('error', () => resolve(undefined));
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(undefined));
    });
  }
}

function addressOf(node: FrenoNode): string {
  return String(node.configuration.RaftBind);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** Bytes of memory that the process has (proc(5), VmRSS); null where there is no /proc. */
function memoryOf(node: FrenoNode): number | null {
  try {
    const status = readFileSync(`/proc/${node.process.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  } catch {
    return null;
  }
}

function descriptorsOf(node: FrenoNode): number | null {
  try {
    return readdirSync(`/proc/${node.process.pid}/fd`).length;
  } catch {
    return null;
  }
}
