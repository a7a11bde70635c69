/**
 * Faults of processes, links, disks and clocks, drawn from a seed. Two sequences run side by side:
 * one breaks processes and links, the other disks and clocks. In each storm each draws from its own
 * random numbers, so that the seed gives the same sequences again, though not the same
 * interleaving, nor as much of each.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../support/random.js';
import type { BreakableCluster, BreakableNode } from './cluster.js';
import type { DiskFaults } from './disk-faults.js';
import type { LeadershipWatch } from './leadership-watch.js';

/** How long a node that ended by itself stays down: a service manager restarts it. */
const RESTART_MS = 300;
const SUPERVISION_PAUSE_MS = 20;

/** Long enough for a leader to be given up, and to be elected again. */
const FAULT_MS_MAX = 3_000;
/** Between two faults: without calm, nothing is acknowledged that could be lost. */
const PAUSE_MS_MAX = 3_000;

const DAY_MS = 24 * 3_600_000;

export interface StormTargets {
  readonly cluster: BreakableCluster;
  readonly watch: LeadershipWatch;
}

/** A victim and the numbers of one occurrence are drawn before it begins. */
interface Occurrence {
  /** Of several victims, in the order in which they are to be taken. */
  readonly nodes: readonly BreakableNode[];
  readonly lastsMs: number;
  /** In [0, 1): for what else differs. */
  readonly size: number;
}

type Fault = (storm: Storm, occurrence: Occurrence) => Promise<void>;

const PROCESS_FAULTS: Readonly<Record<string, Fault>> = {
  kill: (storm, { nodes, lastsMs }) => storm.down([nodes[0]!], lastsMs),
  'kill several': (storm, { nodes, lastsMs, size }) =>
    storm.down(nodes.slice(0, 1 + Math.ceil(size * (nodes.length - 1))), lastsMs),
  'hand over and restart': (storm, { nodes, lastsMs }) => storm.stop(nodes[0]!, lastsMs),
  pause: (storm, { nodes, lastsMs }) => storm.pause([nodes[0]!], lastsMs),
  'pause a majority': (storm, { nodes, lastsMs }) =>
    storm.pause(nodes.slice(0, Math.ceil(nodes.length / 2)), lastsMs),
  'cut off': (storm, { nodes, lastsMs }) =>
    storm.links([nodes[0]!], nodes.slice(1), 'cut', lastsMs),
  'cut in two': (storm, { nodes, lastsMs }) => {
    const half = Math.floor(nodes.length / 2);
    return storm.links(nodes.slice(0, half), nodes.slice(half), 'cut', lastsMs);
  },
  mute: (storm, { nodes, lastsMs }) => storm.mute(nodes[0]!, nodes.slice(1), lastsMs),
  'stall links': (storm, { nodes, lastsMs }) =>
    storm.links([nodes[0]!], nodes.slice(1), 'stalled', lastsMs),
};

const DISK_FAULTS: Readonly<Record<string, Fault>> = {
  'slow disk': (storm, { nodes, lastsMs, size }) =>
    storm.disks([nodes[0]!], lastsMs, (disk) => disk.slow(20 + 1_500 * size)),
  'slow disks': (storm, { nodes, lastsMs, size }) =>
    storm.disks(nodes, lastsMs, (disk) => disk.slow(10 + 400 * size)),
  'hanging disk': (storm, { nodes, lastsMs }) =>
    storm.disks([nodes[0]!], lastsMs, (disk) => disk.hang()),
  'failing disk': (storm, { nodes, lastsMs }) =>
    storm.disks([nodes[0]!], lastsMs, (disk) => disk.failSyncs()),
  'failing disks': (storm, { nodes, lastsMs }) =>
    storm.disks(nodes, lastsMs / 2, (disk) => disk.failSyncs()),
  'writes refused': (storm, { nodes, lastsMs }) =>
    storm.disks([nodes[0]!], lastsMs, (disk) => disk.fill()),
  'wrong clock': (storm, { nodes, lastsMs, size }) =>
    storm.clock(nodes[0]!, lastsMs, (size - 0.5) * 4 * DAY_MS),
};

const SMALL_DISK_FAULTS: Readonly<Record<string, Fault>> = {
  'full disk': (storm, { nodes, lastsMs }) => storm.fullDisk(nodes[0]!, lastsMs),
};

/** For the two sequences of the storm with that number. */
export function randomsOf(seed: number, storm: number): [SeededRandom, SeededRandom] {
  const first = 2 * (seed + storm * 2 ** 32);
  return [new SeededRandom(first), new SeededRandom(first + 1)];
}

export class Storm {
  /** How often each fault happened. */
  readonly counts = new Map<string, number>();
  /** Nodes that ended by themselves. */
  exits = 0;
  readonly #held = new Set<BreakableNode>();
  #ended = false;
  #storms = 0;

  constructor(
    private readonly targets: StormTargets,
    private readonly seed: number,
  ) {}

  /** Resolves when the last fault has ended; the nodes may still be starting. */
  async rage(durationMs: number): Promise<void> {
    const { nodes } = this.targets.cluster;
    this.#ended = false;
    const untilMs = performance.now() + durationMs;
    const disk = nodes.every((node) => node.disk !== undefined) ? DISK_FAULTS : {};
    const full = nodes.every((node) => node.smallDisk !== undefined) ? SMALL_DISK_FAULTS : {};
    const supervision = this.#supervise();
    const [processes, disks] = randomsOf(this.seed, this.#storms++);
    await Promise.all([
      this.#sequence(PROCESS_FAULTS, processes, untilMs),
      this.#sequence({ ...disk, ...full }, disks, untilMs),
    ]);
    this.#ended = true;
    await supervision;
  }

  async down(victims: readonly BreakableNode[], lastsMs: number): Promise<void> {
    await this.#withoutRestart(victims, async () => {
      await Promise.all(victims.map((node) => node.kill()));
      await delay(lastsMs);
    });
  }

  async stop(victim: BreakableNode, lastsMs: number): Promise<void> {
    await this.#withoutRestart([victim], async () => {
      await victim.freno.stop();
      await delay(lastsMs / 4);
    });
  }

  async pause(victims: readonly BreakableNode[], lastsMs: number): Promise<void> {
    for (const node of victims) node.signal('SIGSTOP');
    await delay(lastsMs);
    for (const node of victims) node.signal('SIGCONT');
  }

  /** Breaks the links between two groups, in both directions. */
  async links(
    group: readonly BreakableNode[],
    others: readonly BreakableNode[],
    condition: 'cut' | 'stalled',
    lastsMs: number,
  ): Promise<void> {
    const pairs = group.flatMap((node) => others.map((other) => [node, other] as const));
    const set = (to: 'open' | 'cut' | 'stalled'): void => {
      for (const [{ proxy: one }, { proxy: other }] of pairs) {
        one.set(other.address, to);
        other.set(one.address, to);
      }
    };
    set(condition);
    await delay(lastsMs);
    set('open');
  }

  /** The others receive nothing of what the victim sends; it receives everything. */
  async mute(
    victim: BreakableNode,
    others: readonly BreakableNode[],
    lastsMs: number,
  ): Promise<void> {
    for (const { proxy } of others) proxy.set(victim.proxy.address, 'cut');
    await delay(lastsMs);
    for (const { proxy } of others) proxy.set(victim.proxy.address, 'open');
  }

  async disks(
    victims: readonly BreakableNode[],
    lastsMs: number,
    fault: (disk: DiskFaults) => void,
  ): Promise<void> {
    for (const { disk } of victims) fault(disk!);
    await delay(lastsMs);
    for (const { disk } of victims) disk!.heal();
  }

  async clock(victim: BreakableNode, lastsMs: number, aheadMs: number): Promise<void> {
    victim.disk!.setClockAhead(aheadMs);
    await delay(lastsMs);
    victim.disk!.setClockAhead(0);
  }

  async fullDisk({ smallDisk }: BreakableNode, lastsMs: number): Promise<void> {
    smallDisk!.fill();
    await delay(lastsMs);
    smallDisk!.free();
  }

  async #sequence(
    faults: Readonly<Record<string, Fault>>,
    random: SeededRandom,
    untilMs: number,
  ): Promise<void> {
    const names = Object.keys(faults);
    if (names.length === 0) return;
    while (performance.now() < untilMs) {
      const name = random.pick(names);
      const isLeaderFirst = random.chance(0.6);
      const shuffled = random.shuffled(this.targets.cluster.nodes);
      const drawnMs = random.magnitude(50, FAULT_MS_MAX);
      const size = random.next();
      const pauseMs = random.magnitude(100, PAUSE_MS_MAX);
      const nodes = isLeaderFirst ? this.#leaderFirst(shuffled) : shuffled;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      const leftMs = (): number => Math.max(0, untilMs - performance.now());
      this.#log(`${name}, ${drawnMs.toFixed(0)} ms, nodes ${nodes.map(({ number }) => number)}`);
      await faults[name]!(this, { nodes, lastsMs: Math.min(drawnMs, leftMs()), size });
      await delay(Math.min(pauseMs, leftMs()));
    }
  }

  /** Beside the logs of the nodes, with the times of the violations. */
  #log(text: string): void {
    const line = `${new Date().toISOString()} ${performance.now().toFixed(1)} ${text}\n`;
    appendFileSync(join(this.targets.cluster.directory, 'faults.log'), line);
  }

  #leaderFirst(nodes: readonly BreakableNode[]): BreakableNode[] {
    const { leader } = this.targets.watch;
    const others = nodes.filter((node) => node !== leader);
    return leader === undefined ? others : [leader, ...others];
  }

  async #withoutRestart(
    victims: readonly BreakableNode[],
    fault: () => Promise<void>,
  ): Promise<void> {
    for (const node of victims) this.#held.add(node);
    try {
      await fault();
    } finally {
      for (const node of victims) {
        if (!node.freno.running) node.start();
        this.#held.delete(node);
      }
    }
  }

  /** Restarts nodes that end by themselves, as at a start on a disk that fails. */
  async #supervise(): Promise<void> {
    while (!this.#ended) {
      for (const node of this.targets.cluster.nodes) {
        if (node.freno.running || this.#held.has(node)) continue;
        this.exits += 1;
        void this.#withoutRestart([node], () => delay(RESTART_MS));
      }
      await delay(SUPERVISION_PAUSE_MS);
    }
    // Restarts that wait happen before faults end.
    await delay(RESTART_MS + SUPERVISION_PAUSE_MS);
  }
}
