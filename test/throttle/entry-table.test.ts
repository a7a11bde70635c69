/** A table of the replicated state against one that looks at every entry at every command. */
import { expect } from 'chai';
import { type Command, NO_EXPIRY } from '../../src/throttle/commands.js';
import { EntryTable, type TableEntry } from '../../src/throttle/entry-table.js';
import { ExpiryHeap, type HeapNode, heapNode } from '../../src/throttle/expiry-heap.js';
import { portEntryGroup, portEntryPrefix } from '../../src/throttle/skipped-host.js';
import { type StateImage, ThrottleState } from '../../src/throttle/state.js';
import { SeededRandom } from '../support/random.js';

const T = 1_800_000_000_000;

/** What a table promises, in as few words as possible. */
class NaiveTable {
  readonly rows = new Map<string, TableEntry>();

  constructor(
    private readonly entriesMax: number,
    private readonly notedMax: number,
    private readonly endless: boolean,
  ) {}

  isLive({ expireAtMs }: TableEntry, atMs: number): boolean {
    return expireAtMs > atMs || (this.endless && expireAtMs === NO_EXPIRY);
  }

  live(atMs: number): Array<[string, TableEntry]> {
    return [...this.rows].filter(([, entry]) => this.isLive(entry, atMs));
  }

  drop(atMs: number): void {
    for (const [key, entry] of this.rows) if (!this.isLive(entry, atMs)) this.rows.delete(key);
  }

  hasRoom(key: string, { note }: TableEntry): boolean {
    const present = this.rows.get(key);
    const noted = [...this.rows.values()].filter((entry) => entry.note !== undefined).length;
    const isNew = present === undefined && this.rows.size >= this.entriesMax;
    const isNewlyNoted = note !== undefined && present?.note === undefined;
    return !isNew && !(isNewlyNoted && noted >= this.notedMax);
  }

  put(key: string, entry: TableEntry, atMs: number): boolean {
    if (!this.hasRoom(key, entry)) this.drop(atMs);
    if (!this.hasRoom(key, entry)) return false;
    this.rows.set(key, entry);
    return true;
  }

  remove(matches: (key: string) => boolean, atMs: number): number {
    const keys = [...this.rows.keys()].filter(matches);
    const lifted = keys.filter((key) => this.isLive(this.rows.get(key)!, atMs)).length;
    for (const key of keys) this.rows.delete(key);
    return lifted;
  }
}

describe('a table of entries', () => {
  for (const endless of [true, false]) {
    const kind = endless ? 'with endless ones' : 'without endless ones';
    it(`is what a search of all entries finds, ${kind}`, async () => {
      for (let seed = 0; seed < 40; seed++) await compare(new SeededRandom(seed), endless);
    });
  }
});

async function compare(random: SeededRandom, endless: boolean): Promise<void> {
  const groupOf = (key: string): string | null => (key.includes('/') ? key.split('/')[0]! : null);
  const keyOf = (name: string): string => name.toLowerCase();
  const stores = random.chance(0.5) ? 4 : 40;
  const [entriesMax, notedMax] = [stores + random.below(3 * stores), 1 + random.below(6)];
  const table = new EntryTable<TableEntry>({
    entriesMax,
    notedMax,
    bytesMax: 1e6,
    endless,
    groupOf,
    keyOf,
  });
  const naive = new NaiveTable(entriesMax, notedMax, endless);
  for (let step = 0; step < 500; step++) {
    // The clock goes back now and then.
    const atMs = T + step * 10 + random.below(400) - 200;
    const app = 'abcd'[random.below(4)]!;
    const key = random.chance(0.6) ? `${app}/${random.below(stores)}` : app;
    const expireAtMs = random.chance(0.2) ? NO_EXPIRY : atMs + random.below(600);
    const note = { atMs, reason: 'r' };
    const entry = { expireAtMs, ...(random.chance(0.4) && { note }) };
    switch (random.below(9)) {
      case 0:
        expect(table.remove(key, atMs)).to.equal(naive.remove((other) => other === key, atMs));
        break;
      case 1: {
        const lifted = naive.remove((other) => other.startsWith(`${app}/`), atMs);
        expect(table.removeGroup(app, `${app}/`, atMs)).to.equal(lifted);
        break;
      }
      case 2:
        if (random.chance(0.9)) break;
        table.sweep(atMs);
        naive.drop(atMs);
        break;
      case 4:
        table.sweepOn(random.below(3));
        break;
      case 3:
        if (random.chance(0.2)) {
          const rows = table.rows();
          table.clear();
          table.add(rows);
        }
        break;
      default: {
        const isFull = table.isFullFor(key, entry.note ?? {}, atMs);
        const isPut = naive.put(key, entry, atMs);
        // Where something had expired, it may be full all the same.
        if (isFull) expect(isPut, 'full, as was said').to.equal(false);
        expect(table.put(key, entry, atMs)).to.equal(isPut);
      }
    }
    table.assertInvariants();
    expect(table.rows()).to.deep.equal([...naive.rows]);
    const live = naive.live(atMs);
    expect(await table.countLive(atMs)).to.equal(live.length);
    const ends = live.map(([, { expireAtMs: endMs }]) => endMs).filter((ms) => ms !== NO_EXPIRY);
    expect(table.nextExpiryMs(atMs)).to.equal(Math.min(Number.POSITIVE_INFINITY, ...ends));
  }
}

describe('the heap of expiries', () => {
  it('has the earliest first, by name among equals, whatever is added, changed and removed', () => {
    const random = new SeededRandom(3);
    const nodes: HeapNode[] = [];
    const heap = new ExpiryHeap<HeapNode>();
    const rowOf = (name: string) => [name, { expireAtMs: random.below(300) }] as const;
    for (let step = 0; step < 5_000; step++) {
      if (random.chance(0.4)) {
        const node = heapNode(rowOf(`r${step}`));
        nodes.push(node);
        heap.add(node);
      } else if (nodes.length > 0 && random.chance(0.5)) {
        const node = nodes[random.below(nodes.length)]!;
        node.row = rowOf(node.row[0]);
        heap.changed(node);
      } else if (nodes.length > 0) {
        const [removed] = nodes.splice(random.below(nodes.length), 1);
        heap.remove(removed!);
      }
      if (step % 20 !== 0) continue;
      if (random.chance(0.1)) {
        heap.clear();
        for (const node of nodes) heap.add(node);
      }
      heap.assertInvariants();
      const rows = nodes.map(({ row }) => row);
      rows.sort(([left, one], [right, other]) =>
        one.expireAtMs === other.expireAtMs && left < right
          ? -1
          : one.expireAtMs - other.expireAtMs,
      );
      expect(heap.first?.row).to.equal(rows[0]);
      const times = rows.map(([, { expireAtMs }]) => expireAtMs);
      const passed = times.filter((ms) => ms <= 150).length;
      expect(heap.nextAfter(150, nodes.length)).to.equal(minimum(times.filter((ms) => ms > 150)));
      if (passed > 0) expect(heap.nextAfter(150, passed - 1)).to.equal(null);
    }
  });
});

describe('a table in which all has expired', () => {
  const ENTRIES = 5_000;
  const HOUR_MS = 3_600_000;

  function throttle(key: string, atMs: number): Command {
    return { kind: 'throttleApp', atMs, key, ratio: 1, expireAtMs: atMs + HOUR_MS };
  }

  function full(): ThrottleState {
    const state = new ThrottleState(ENTRIES);
    for (let entry = 0; entry < ENTRIES; entry++) state.apply(throttle(`a${entry}`, T));
    return state;
  }

  it('drops a part of it when a command needs room', async () => {
    const state = full();
    expect(state.apply(throttle('b', T + 2 * HOUR_MS))).to.not.equal('full');
    expect(state.throttledAppRows()).to.have.length.within(ENTRIES - 200, ENTRIES - 50);
    expect((await state.liveEntries(T + 2 * HOUR_MS)).throttledApps).to.equal(1);
  });

  it('drops it in parts after a sweep, and lists nothing of it meanwhile', () => {
    const state = full();
    state.apply(throttle('b', T + 25 * HOUR_MS));
    state.apply(throttle('c', T + 50 * HOUR_MS));
    const names = (image: StateImage): string[] => image.throttledApps.map(([name]) => name);
    expect(names(state.image())).to.deep.equal(['b', 'c']);
    const copy = new ThrottleState(ENTRIES);
    copy.restore(state.image());
    for (const each of [state, copy]) {
      for (let entry = 0; entry < ENTRIES - 2; entry++) {
        expect(each.apply(throttle(`d${entry}`, T + 50 * HOUR_MS))).to.not.equal('full');
      }
      expect(each.apply(throttle('e', T + 50 * HOUR_MS))).to.not.equal('full');
    }
    expect(state.image()).to.deep.equal(copy.image());
  });
});

function minimum(times: readonly number[]): number {
  return times.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
}

describe('the entries of a host', () => {
  it('are those that begin with its name and end in a port', () => {
    const entries = ['h', 'h:1', 'h:2', 'hh:1', 'h.x:1', '2001::1', '[2001::1]:1', 'h:1:2', 'h:x'];
    for (const host of ['h', 'hh', 'x', '2001', '2001::1', '2001:', '', 'h:1']) {
      const prefix = portEntryPrefix(host);
      const isOfHost = (entry: string): boolean =>
        entry.startsWith(prefix) && /^\d+$/.test(entry.slice(prefix.length));
      const found = entries.filter((entry) => portEntryGroup(entry) === prefix);
      expect(found, host).to.deep.equal(entries.filter(isOfHost));
    }
  });
});

describe('a full table', () => {
  it('is known before a command comes, unless something in it has expired by then', () => {
    const state = new ThrottleState(1);
    const throttle = (key: string): Command => ({ kind: 'throttleApp', atMs: T, key, ratio: 1 });
    const skip: Command = { kind: 'skipHost', atMs: T, host: 'h', expireAtMs: T + 9 };
    const exempt: Command = { kind: 'exemptApp', atMs: T, key: 'e', expireAtMs: T + 9 };
    const set: Command = { kind: 'setThreshold', atMs: T, key: 's', value: 1, expireAtMs: T + 9 };
    for (const command of [throttle('a'), skip, exempt, set]) {
      expect(state.isFullFor(command, T)).to.equal(false);
      state.apply(command);
      expect(state.isFullFor(command, T), 'for the same entry').to.equal(false);
    }
    expect(state.isFullFor({ ...skip, host: 'H' }, T), 'in other case').to.equal(false);
    const others = [
      throttle('b'),
      { ...skip, host: 'i' },
      { ...exempt, key: 'f' },
      { ...set, key: 't' },
    ];
    for (const other of others) expect(state.isFullFor(other, T)).to.equal(true);
    const isFullLater = others.map((other) => state.isFullFor(other, T + 9));
    expect(isFullLater).to.deep.equal([true, false, false, false]);
    const noted = { ...throttle('a'), reason: 'r'.repeat(9) } as Command;
    expect(new ThrottleState(1, 9).isFullFor(noted, T), 'ten bytes in nine').to.equal(true);
    expect(new ThrottleState(1, 10).isFullFor(noted, T)).to.equal(false);
    const lifts: Command[] = [
      { kind: 'unthrottleApp', atMs: T, key: 'b', everyStore: true },
      { kind: 'recoverHost', atMs: T, host: 'i' },
    ];
    for (const lift of lifts) expect(state.isFullFor(lift, T)).to.equal(false);
  });
});
