/** The inventory of clusters and their hosts. */

import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { createLogger } from '../../src/base/log.js';
import { Board, emptyLeadershipReading, emptyStoreReading } from '../../src/board/board.js';
import type { ClusterAssignment } from '../../src/contracts/stores.js';
import { type ClusterProber, Inventory } from '../../src/stores/main/inventory.js';
import { clusterSettings, type MetricChanges } from '../support/cluster-settings.js';
import { failureOf } from '../support/failure.js';
import { skipsOf } from '../support/host-skips.js';
import { until } from '../support/until.js';

/** Records its calls; assignments are acknowledged at once unless the test holds them back. */
class RecordingProber implements ClusterProber {
  readonly assigned: Array<readonly ClusterAssignment[]> = [];
  readonly led: Array<readonly [boolean, number]> = [];
  held: Promise<void> = Promise.resolve();

  async assign(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.assigned.push(assignments);
    await this.held;
  }

  lead(probing: boolean, term: number): void {
    this.led.push([probing, term]);
  }

  get last(): readonly ClusterAssignment[] {
    return this.assigned.at(-1)!;
  }

  /** Hosts of a cluster as they are probed now, or were by an earlier assignment. */
  hosts(name: string, assigned = this.last): string[] {
    const assignment = assigned.find((each) => each.name === name)!;
    return assignment.metrics[0].targets.map(({ host, port }) => `${host}:${port}`);
  }
}

const HOUR_MS = 3_600_000;

describe('the inventory of clusters', () => {
  let board: Board;
  let prober: RecordingProber;
  let inventory: Inventory;

  beforeEach(() => {
    board = Board.create(8);
    prober = new RecordingProber();
    inventory = newInventory();
  });

  afterEach(() => inventory.stop());

  function newInventory(): Inventory {
    const logger = createLogger({ level: 'error', stacks: false }, 'test');
    return new Inventory({ board, prober, logger, metricsMax: 8 });
  }

  function listed(name: string, hosts: string[], changes: MetricChanges = {}) {
    return clusterSettings(name, { kind: 'static', hosts }, changes);
  }

  it("assigns static hosts once, with the cluster's port when they have none", async () => {
    const hosts = ['a', 'b:3307', '[::1]:3308', '::2', 'A:3306', 'a'];
    await inventory.replaceClusters([listed('c', hosts, { port: 3306 })]);
    expect(prober.hosts('c')).to.deep.equal(['a:3306', 'b:3307', '::1:3308', '::2:3306']);
  });

  it('assigns all changes of one configuration at once', async () => {
    await inventory.replaceClusters([listed('c', ['a']), listed('d', ['b'])]);
    expect(prober.assigned).to.have.length(1);
  });

  it('assigns nothing when nothing has changed', async () => {
    await inventory.replaceClusters([listed('c', ['a'])]);
    await inventory.replaceClusters([listed('c', ['a'])]);
    expect(prober.assigned).to.have.length(1);
  });

  it('ignores hosts whose address contains a part of IgnoreHosts', async () => {
    const ignoreHosts = ['bad', ':3307', ''];
    await inventory.replaceClusters([
      listed('c', ['a', 'very-bad-one', 'b:3307'], { ignoreHosts }),
    ]);
    expect(prober.hosts('c')).to.deep.equal(['a:3306']);
    const report = inventory.reportOf('c')!;
    expect(report).to.deep.include({ source: 'static', hosts: ['a:3306'], error: '' });
    expect(report.ignored).to.deep.equal(['very-bad-one:3306', 'b:3307']);
    expect(report.readAtUnixMs).to.be.closeTo(Date.now(), 5_000);
  });

  it('gives each store a slot of the board with its threshold and maximum age', async () => {
    await inventory.replaceClusters([
      listed('c', ['a'], { threshold: 3 }),
      listed('d', ['a'], { cacheMs: 10_000 }),
    ]);
    const [c, d] = inventory.stores().map(({ slot }) => board.readStore(slot, emptyStoreReading()));
    expect(c).to.include({ threshold: 3, maxAgeMs: 2_000 });
    expect(d).to.include({ maxAgeMs: 12_000 });
    expect(c!.currentGeneration).to.not.equal(d!.currentGeneration);
    expect(prober.last.map(({ metrics }) => metrics[0].generation)).to.deep.equal([
      c!.currentGeneration,
      d!.currentGeneration,
    ]);
  });

  it('keeps slot and generation of a store unless its metric query changes', async () => {
    await inventory.replaceClusters([listed('c', ['a'], { metricQuery: 'select 1' })]);
    const before = prober.last[0]!.metrics[0];
    await inventory.replaceClusters([
      listed('c', ['a', 'b'], { metricQuery: 'select 1', threshold: 9 }),
    ]);
    expect(prober.last[0]!.metrics[0]).to.include({
      slot: before.slot,
      generation: before.generation,
    });
    expect(prober.hosts('c')).to.deep.equal(['a:3306', 'b:3306']);
    await inventory.replaceClusters([listed('c', ['a'], { metricQuery: 'select 2' })]);
    expect(prober.last[0]!.metrics[0].slot).to.equal(before.slot);
    expect(prober.last[0]!.metrics[0].generation).to.not.equal(before.generation);
  });

  it('keeps the values of the hosts that stay when a static list changes', async () => {
    await inventory.replaceClusters([listed('c', ['a', 'b'])]);
    const before = prober.last[0]!.metrics[0];
    await inventory.replaceClusters([listed('c', ['b', 'd'])]);
    expect(prober.hosts('c')).to.deep.equal(['b:3306', 'd:3306']);
    expect(prober.last[0]!.metrics[0].generation).to.equal(before.generation);
  });

  it('invalidates the values of a store that is removed and added again', async () => {
    const generation = () => {
      const { slot } = inventory.stores()[0]!;
      return board.readStore(slot, emptyStoreReading()).currentGeneration;
    };
    await inventory.replaceClusters([listed('c', ['a'])]);
    const before = generation();
    await inventory.replaceClusters([]);
    await inventory.replaceClusters([listed('c', ['a'])]);
    expect(generation()).to.be.above(before);
  });

  it('invalidates a removed store at once, and frees its slot later', async () => {
    await inventory.replaceClusters([listed('old', ['a'])]);
    const { slot } = inventory.stores()[0]!;
    let release = (): void => undefined;
    prober.held = new Promise((resolve) => {
      release = resolve;
    });
    const replaced = inventory.replaceClusters([listed('new', ['b'])]);
    expect(board.readStore(slot, emptyStoreReading()).currentGeneration).to.equal(0);
    expect(inventory.stores()).to.have.length(1);
    expect(inventory.stores()[0]!.slot).to.not.equal(slot);
    release();
    await replaced;
    await inventory.replaceClusters([listed('new', ['b']), listed('newer', ['c'])]);
    expect(inventory.stores().map((store) => store.slot)).to.include(slot);
  });

  it('rejects more stores than the board holds, with both numbers', async () => {
    const many = Array.from({ length: 9 }, (_, number) => listed(`c${number}`, ['a']));
    const error = await inventory.replaceClusters(many).then(
      () => expect.fail('accepted'),
      (thrown: Error) => thrown,
    );
    expect(error).to.have.property('code', 'CONFIG');
    expect(error.message).to.match(/9 .* 8/);
  });

  it('rejects new stores that do not fit beside the removed ones', async () => {
    const named = (prefix: string) =>
      Array.from({ length: 5 }, (_, number) => listed(`${prefix}${number}`, ['a']));
    await inventory.replaceClusters(named('old'));
    const before = inventory.stores();
    const { code, message } = await failureOf(inventory.replaceClusters(named('new')));
    expect(code).to.equal('CONFIG');
    expect(message).to.match(/5 metrics.* 5 .* 8/);
    expect(inventory.stores()).to.deep.equal(before);
    await inventory.replaceClusters(named('old').slice(0, 2));
    await inventory.replaceClusters(named('new'));
    expect(inventory.stores().map(({ name }) => name)).to.include('new4');
  });

  it('assigns nothing for a cluster without a host list', async () => {
    await inventory.replaceClusters([clusterSettings('c', { kind: 'none' })]);
    expect(prober.last).to.deep.equal([]);
    expect(inventory.stores()).to.have.length(1);
    expect([...inventory.slots()], 'it never gets a value').to.deep.equal([]);
    expect(inventory.reportOf('c')).to.deep.include({ source: 'none', readAtUnixMs: null });
  });

  it('reports a list that cannot be read and keeps the last good one', async () => {
    await inventory.replaceClusters([listed('c', ['a'])]);
    await inventory.replaceClusters([listed('c', ['a:99999'])]);
    expect(prober.hosts('c')).to.deep.equal(['a:3306']);
    expect(inventory.reportOf('c')!.error).to.include('a:99999');
  });

  describe('skipped hosts of the inventory', () => {
    it('drops skipped hosts at once, by name for any port, and reports them', async () => {
      await inventory.replaceClusters([listed('c', ['a', 'B:3307', 'c'])]);
      await inventory.skipsChanged(
        skipsOf([
          ['b', Date.now() + HOUR_MS],
          ['a', Date.now() + HOUR_MS],
        ]),
      );
      expect(prober.hosts('c')).to.deep.equal(['c:3306']);
      expect(inventory.reportOf('c')!.skipped).to.deep.equal(['a:3306', 'B:3307']);
    });

    it('drops one port of a skipped host:port, also of an IPv6 address', async () => {
      await inventory.replaceClusters([listed('c', ['a:1', 'A:2', '[2001:DB8::1]:1', '[::1]:2'])]);
      await inventory.skipsChanged(
        skipsOf([
          ['A:1', Date.now() + HOUR_MS],
          ['[2001:db8::1]:1', Date.now() + HOUR_MS],
          ['[::1]:1', Date.now() + HOUR_MS],
        ]),
      );
      expect(prober.hosts('c')).to.deep.equal(['A:2', '::1:2']);
      expect(inventory.reportOf('c')!.skipped).to.deep.equal(['a:1', '[2001:DB8::1]:1']);
    });

    it('uses the clock of the cluster for skips when the clock of this node is wrong', async () => {
      const clockOffsetMs = Date.now() - monotonicMs() - 24 * HOUR_MS;
      board.publishLeadership({ ...emptyLeadershipReading(), clockOffsetMs });
      await inventory.replaceClusters([listed('c', ['a', 'b'])]);
      await inventory.skipsChanged(
        skipsOf([
          ['a', Date.now() - 23 * HOUR_MS],
          ['b', Date.now() - 25 * HOUR_MS],
        ]),
      );
      expect(prober.hosts('c')).to.deep.equal(['b:3306']);
    });

    it('resolves a skip only when the prober has applied it', async () => {
      await inventory.replaceClusters([listed('c', ['a', 'b'])]);
      let release = (): void => undefined;
      prober.held = new Promise((resolve) => {
        release = resolve;
      });
      let done = false;
      const skipped = inventory.skipsChanged(skipsOf([['a', Date.now() + HOUR_MS]])).then(() => {
        done = true;
      });
      await until(() => prober.assigned.length === 2);
      await new Promise(setImmediate);
      expect(done).to.equal(false);
      release();
      await skipped;
    });

    it('assigns an empty list when all hosts are skipped', async () => {
      await inventory.replaceClusters([listed('c', ['a'])]);
      await inventory.skipsChanged(skipsOf([['a', Date.now() + HOUR_MS]]));
      expect(prober.last).to.have.length(1);
      expect(prober.hosts('c')).to.deep.equal([]);
    });

    it('probes skipped hosts again when the skip expires or is removed', async () => {
      await inventory.replaceClusters([listed('c', ['a', 'b'])]);
      await inventory.skipsChanged(
        skipsOf([
          ['a', Date.now() + 300],
          ['b', Date.now() + HOUR_MS],
        ]),
      );
      const assigned = (): string[][] =>
        prober.assigned.map((_, at) => prober.hosts('c', prober.assigned[at]));
      await until(() => assigned().length === 3);
      expect(assigned()).to.deep.equal([['a:3306', 'b:3306'], [], ['a:3306']]);
      await inventory.skipsChanged(skipsOf([]));
      expect(prober.hosts('c')).to.deep.equal(['a:3306', 'b:3306']);
    });
  });

  it('forwards leadership to the prober', () => {
    inventory.lead(true, 4);
    inventory.lead(false, 4);
    expect(prober.led).to.deep.equal([
      [true, 4],
      [false, 4],
    ]);
  });
});
