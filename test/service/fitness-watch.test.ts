/** What a leader that cannot do its work does, with Raft and with a MySQL backend. */
import { expect } from 'chai';
import { pino } from 'pino';
import { FrenoError } from '../../src/base/errors.js';
import type { ClusterStatus, Consensus } from '../../src/contracts/consensus.js';
import type { StoreReach } from '../../src/contracts/reports.js';
import { FitnessWatch } from '../../src/service/fitness-watch.js';

const REASON = 'this node cannot log in to any host of mysql/a';

describe('a leader that cannot log in to a store', () => {
  let reaches: Record<string, StoreReach>;
  let unlisted: string[];
  let nodes: string[];
  let isLeading: boolean;
  let yielded: Array<string | undefined>;
  let failure: FrenoError | null;
  let texts: string[];
  let lines: string[];
  let nowMs: number;

  beforeEach(() => {
    reaches = { a: 'cutOff' };
    unlisted = [];
    nodes = ['n1', 'n2'];
    isLeading = true;
    yielded = [];
    failure = null;
    texts = [];
    lines = [];
    nowMs = 1_000_000;
  });

  /** With a MySQL backend `askLogins` is absent. */
  function newWatch(askLogins?: Consensus['askLogins']): FitnessWatch {
    const consensus = {
      get isLeading() {
        return isLeading;
      },
      cluster: () => ({ Nodes: nodes.map((Node) => ({ Node })) }) as unknown as ClusterStatus,
      yieldLeadership: async (to?: string) => {
        yielded.push(to);
        if (failure !== null) throw failure;
        isLeading = false;
        return to ?? 'n2';
      },
      ...(askLogins !== undefined && { askLogins }),
    };
    return new FitnessWatch({
      consensus,
      probes: { reach: async () => new Map(Object.entries(reaches)) },
      inventory: { unlistedStores: () => unlisted },
      events: { record: (kind, text) => texts.push(`${kind}: ${text}`) },
      log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }),
      nowMs: () => nowMs,
    });
  }

  async function look(watch: FitnessWatch, times = 4): Promise<void> {
    for (let look = 0; look < times; look++) await watch.look();
  }

  it('hands over to the node that can, says why, and counts it', async () => {
    const watch = newWatch(async (asked) => new Map([['n3', asked]]));
    await look(watch, 3);
    expect(yielded).to.deep.equal([]);
    await look(watch, 1);
    expect(yielded).to.deep.equal(['n3']);
    expect(texts).to.deep.equal([`leader: leadership was handed over to n3: ${REASON}`]);
    expect(lines.join()).to.include('handing over leadership').and.include(REASON);
    expect(watch.report()).to.deep.equal({ failingStores: 0, questions: 1, handovers: 1 });
  });

  it('leads on, and says so once, when no other node can', async () => {
    const watch = newWatch(async () => new Map([['n2', []]]));
    await look(watch, 8);
    expect(yielded).to.deep.equal([]);
    const why = 'no other node does better';
    const text = `this leader cannot do its work, and leads on: ${REASON}; ${why}`;
    expect(texts).to.deep.equal([`leader: ${text}`]);
    expect(lines).to.have.length(1);
    expect(watch.report()).to.deep.equal({ failingStores: 1, questions: 1, handovers: 0 });
  });

  it('says again that it leads on when other stores fail, or the same again', async () => {
    const watch = newWatch(async () => new Map([['n2', []]]));
    const lookAnHour = async (): Promise<void> => {
      for (let hour = 0; hour < 12; hour++) {
        nowMs += 300_000;
        await look(watch);
      }
    };
    await lookAnHour();
    expect(texts).to.have.length(1);
    reaches = { a: 'cutOff', b: 'cutOff' };
    await lookAnHour();
    expect(texts).to.have.length(2);
    reaches = { a: 'reached', b: 'reached' };
    await look(watch);
    reaches = { a: 'cutOff', b: 'cutOff' };
    await lookAnHour();
    expect(texts).to.have.length(3);
  });

  it('leads on when no node answers, or it reaches the store again meanwhile', async () => {
    await look(newWatch(async () => new Map()));
    expect(texts.join()).to.include('no other node answers whether it can');
    const recovering = newWatch(async (asked) => {
      reaches = { a: 'reached' };
      return new Map([['n2', asked]]);
    });
    await look(recovering);
    expect(yielded).to.deep.equal([]);
  });

  it('asks no node while it is alone, or has lost leadership', async () => {
    const asked: unknown[] = [];
    const watch = newWatch(async (stores) => {
      asked.push(stores);
      return new Map();
    });
    nodes = ['n1'];
    await look(watch, 8);
    nodes = ['n1', 'n2'];
    isLeading = false;
    await look(watch, 8);
    expect(asked).to.deep.equal([]);
    expect(watch.report().failingStores).to.equal(0);
  });

  it('says so when the hand-over fails, and goes on', async () => {
    failure = new FrenoError('CONFLICT', 'n3 cannot lead now');
    const watch = newWatch(async (asked) => new Map([['n3', asked]]));
    await look(watch, 8);
    expect(yielded).to.deep.equal(['n3']);
    expect(texts.join()).to.include('leadership was not handed over: n3 cannot lead now');
  });

  it('counts a store whose list of hosts was never read', async () => {
    reaches = { b: 'reached' };
    unlisted = ['a'];
    await look(newWatch(async (asked) => new Map([['n2', asked]])));
    expect(texts.join()).to.include('cannot read the list of hosts of mysql/a');
    expect(yielded).to.deep.equal(['n2']);
  });

  it('gives up the lease of a MySQL backend only if it reaches no store at all', async () => {
    reaches = { a: 'cutOff', b: 'reached' };
    await look(newWatch(), 8);
    expect(yielded).to.deep.equal([]);
    expect(texts.join()).to.include('it reads other stores');
    reaches = { a: 'cutOff', b: 'silent' };
    await look(newWatch());
    expect(yielded).to.deep.equal([undefined]);
  });

  it('keeps the lease of a MySQL backend where no other instance is registered', async () => {
    nodes = ['n1'];
    await look(newWatch(), 8);
    expect(yielded).to.deep.equal([]);
  });
});
