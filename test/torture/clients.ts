/**
 * Clients under a storm: writers that throttle apps through any node while others check them, and
 * readers and writers of a few registers (an app's ratio). All that they see is judged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { STORE } from '../support/cluster.js';
import { isLinearizable, type Operation } from '../support/linearizability.js';
import type { SeededRandom } from '../support/random.js';
import type { BreakableNode } from './cluster.js';
import { get, type TimedResponse } from './http.js';
import type { LeadershipWatch } from './leadership-watch.js';
import type { Violations } from './violations.js';

/** A node responds 504 after 3 s. */
const WRITE_TIMEOUT_MS = 4_000;
const READ_TIMEOUT_MS = 1_000;
/** Checks of an app go on for so long after its throttle was acknowledged. */
const CHECKS_AFTER_MS = 25;
const CHECK_PAUSE_MS = 2;
/**
 * Between two `/leader-check` of one node, at most, for what it lists in between to count: it
 * cannot have lost the lease and won it back.
 */
const LEADER_READ_MAX_MS = 200;
/** Of a client between two requests, on average. */
const PAUSE_MS = 15;
/** A list is as long as all that was written: reading it too often would be the load. */
const LIST_PAUSE_MS = 100;
/** Past the end of any storm. */
const TTL_MINUTES = 1_440;

const APP_WRITERS = 3;
const REGISTER_WRITERS = 2;
const REGISTER_READERS = 2;
const REGISTERS = ['register1', 'register2', 'register3'];
/** No ratio: the app is not listed. */
const ABSENT = -1;

/** Of an app: before and after its one write. */
const ALLOWED = 0;
const THROTTLED = 1;

interface NodeOperation extends Operation {
  /** Number of the node that responded. */
  readonly node: number;
}

export interface ClientCounts {
  acknowledged: number;
  /** 503: nothing changed. */
  refused: number;
  /** 504, or no response. */
  unknown: number;
  checks: number;
  reads: number;
}

export class TortureClients {
  readonly counts: ClientCounts = {
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    checks: 0,
    reads: 0,
  };
  /** Apps whose throttle was acknowledged. */
  readonly acknowledged = new Set<string>();
  readonly #registers = new Map<string, NodeOperation[]>(REGISTERS.map((app) => [app, []]));
  #ended = false;
  #writes = 0;
  readonly #loops: ReadonlyArray<Promise<void>>;

  constructor(
    private readonly nodes: readonly BreakableNode[],
    private readonly watch: LeadershipWatch,
    private readonly random: SeededRandom,
    private readonly violations: Violations,
  ) {
    this.#loops = [
      ...this.#clients(APP_WRITERS, () => this.#throttleAndCheck()),
      ...this.#clients(REGISTER_WRITERS, () => this.#writeRegister()),
      ...this.#clients(REGISTER_READERS, () => this.#readRegisters(), LIST_PAUSE_MS),
    ];
  }

  /** Resolves when no request is in flight. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#loops);
  }

  /** After `end`. */
  judge(): void {
    for (const [app, operations] of this.#registers) {
      if (isLinearizable(operations, ABSENT)) continue;
      this.violations.add('notLinearizable', `the ratio of ${app}:\n${historyText(operations)}`);
    }
  }

  #clients(count: number, step: () => Promise<void>, pauseMs = PAUSE_MS): Array<Promise<void>> {
    return Array.from({ length: count }, async () => {
      while (!this.#ended) {
        await step();
        await delay(pauseMs * this.random.between(0.5, 1.5));
      }
    });
  }

  async #throttleAndCheck(): Promise<void> {
    const app = `app${++this.#writes}`;
    const history: NodeOperation[] = [];
    const writtenTo = this.random.pick(this.nodes);
    const write = this.#write(writtenTo, `/throttle-app/${app}/ttl/${TTL_MINUTES}`);
    let untilMs = Number.POSITIVE_INFINITY;
    const checks = this.#checkers().map(async (node) => {
      while (performance.now() < untilMs) {
        // The leader may change meanwhile: `node` is undefined for the one that leads now.
        await this.#check(node ?? this.watch.leader, app, history);
        await delay(CHECK_PAUSE_MS);
      }
    });
    const response = await write;
    const { status, sentAtMs, answeredAtMs } = response;
    if (status === 200) this.acknowledged.add(app);
    untilMs = performance.now() + (status === 200 ? CHECKS_AFTER_MS : 0);
    await Promise.all(checks);
    if (status !== 503) {
      const returnedAtMs = status === 200 ? answeredAtMs : Number.POSITIVE_INFINITY;
      const write = {
        kind: 'write',
        value: THROTTLED,
        calledAtMs: sentAtMs,
        returnedAtMs,
      } as const;
      history.push({ ...write, node: writtenTo.number });
    }
    this.#judgeApp(app, history, response);
  }

  /** The leader, from two clients, and a node that may be it or not. */
  #checkers(): Array<BreakableNode | undefined> {
    return [undefined, undefined, this.random.pick(this.nodes)];
  }

  async #check(
    node: BreakableNode | undefined,
    app: string,
    history: NodeOperation[],
  ): Promise<void> {
    if (node === undefined) return;
    const path = `/check/${app}/mysql/${STORE}`;
    const { status, sentAtMs, answeredAtMs } = await get(node.port, path, READ_TIMEOUT_MS);
    // 200 comes from the leader only. A follower that has applied the throttle may say 417 too.
    if (status !== 200 && status !== 417) return;
    this.counts.checks += 1;
    const value = status === 417 ? THROTTLED : ALLOWED;
    const read = { kind: 'read', value, calledAtMs: sentAtMs, returnedAtMs: answeredAtMs } as const;
    history.push({ ...read, node: node.number });
  }

  #judgeApp(app: string, history: readonly NodeOperation[], response: TimedResponse): void {
    const write = history.find(({ kind }) => kind === 'write');
    const acknowledgedAtMs = write?.returnedAtMs ?? Number.POSITIVE_INFINITY;
    const late = history.filter(
      ({ kind, value, calledAtMs }) =>
        kind === 'read' && value === ALLOWED && calledAtMs > acknowledgedAtMs,
    );
    const text = `${app}, the write ${outcomeText(response)}:\n${historyText(history)}`;
    if (late.length > 0) this.violations.add('notInForce', text);
    else if (!isLinearizable(history, ALLOWED)) this.violations.add('notLinearizable', text);
  }

  async #writeRegister(): Promise<void> {
    const app = this.random.pick(REGISTERS);
    const node = this.random.pick(this.nodes);
    const ratio = ++this.#writes / 1e6;
    const path = `/throttle-app/${app}/ttl/${TTL_MINUTES}/ratio/${ratio}`;
    const { status, sentAtMs, answeredAtMs } = await this.#write(node, path);
    if (status === 503) return;
    const returnedAtMs = status === 200 ? answeredAtMs : Number.POSITIVE_INFINITY;
    const write = { kind: 'write', value: ratio, calledAtMs: sentAtMs, returnedAtMs } as const;
    this.#registers.get(app)!.push({ ...write, node: node.number });
  }

  async #write(node: BreakableNode, path: string): Promise<TimedResponse> {
    const response = await get(node.port, path, WRITE_TIMEOUT_MS);
    const { status } = response;
    if (status === 200) this.counts.acknowledged += 1;
    else if (status === 503) this.counts.refused += 1;
    else this.counts.unknown += 1;
    if (status !== undefined && ![200, 503, 504].includes(status)) {
      this.violations.add('unexpectedStatus', `${status} for ${path}: ${response.body}`);
    }
    return response;
  }

  /** From the leader alone: a follower lists what it has applied so far. */
  async #readRegisters(): Promise<void> {
    const { leader } = this.watch;
    if (leader === undefined) return;
    const { port, number } = leader;
    const before = await get(port, '/leader-check', READ_TIMEOUT_MS);
    if (before.status !== 200) return;
    const list = await get(port, '/throttled-apps', READ_TIMEOUT_MS);
    const after = await get(port, '/leader-check', READ_TIMEOUT_MS);
    const tookMs = after.answeredAtMs - before.sentAtMs;
    if (list.status !== 200 || after.status !== 200 || tookMs > LEADER_READ_MAX_MS) return;
    this.counts.reads += 1;
    const listed = JSON.parse(list.body) as Record<string, { Ratio: number }>;
    for (const [app, operations] of this.#registers) {
      const value = listed[app]?.Ratio ?? ABSENT;
      const { sentAtMs: calledAtMs, answeredAtMs: returnedAtMs } = list;
      operations.push({ kind: 'read', value, calledAtMs, returnedAtMs, node: number });
    }
  }
}

function outcomeText({ status, body, sentAtMs, answeredAtMs }: TimedResponse): string {
  const times = `${sentAtMs.toFixed(1)}..${answeredAtMs.toFixed(1)}`;
  return `${times} had ${status === undefined ? 'no response' : `${status} ${body.trim()}`}`;
}

/** Lines of a history in a violation. */
const HISTORY_LINES_MAX = 40;

/** Of reads with one value in a row, the first and the last. */
function historyText(operations: readonly NodeOperation[]): string {
  const inOrder = operations.toSorted((left, right) => left.calledAtMs - right.calledAtMs);
  const isRepeated = ({ kind, value }: Operation, other?: Operation): boolean =>
    kind === 'read' && other?.kind === kind && other.value === value;
  return inOrder
    .filter(
      (operation, at) =>
        !isRepeated(operation, inOrder[at - 1]) || !isRepeated(operation, inOrder[at + 1]),
    )
    .slice(-HISTORY_LINES_MAX)
    .map(({ kind, value, calledAtMs, returnedAtMs, node }) => {
      const time = `${calledAtMs.toFixed(1)}..${returnedAtMs.toFixed(1)}`;
      return `  ${time} node ${node}: ${kind} ${value}`;
    })
    .join('\n');
}
