/** The list of events, and what the watch notices for it. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { Board, emptyLeadershipReading, encodeHost } from '../../src/board/board.js';
import type { ConsensusStatus } from '../../src/contracts/consensus.js';
import type { ConfigReport } from '../../src/contracts/reports.js';
import { EventLog } from '../../src/publish/main/events/event-log.js';
import { EventWatch } from '../../src/publish/main/events/event-watch.js';
import type { OperatorCommand } from '../../src/throttle/commands.js';
import { type Measurement, MetricState } from '../../src/throttle/metric.js';
import { storeLocation } from '../support/cluster-settings.js';

const ALL = { sinceUnixMs: null, limit: 1_000 };

type EventObject = Readonly<Record<string, unknown>>;

function listed(
  log: EventLog,
  selection = ALL as Parameters<EventLog['report']>[0],
): EventObject[] {
  return JSON.parse(log.report(selection)) as EventObject[];
}

const THROTTLED = 'app throttled for 50 % of checks until 1970-01-01T00:01:02.000Z';

describe('the list of events', () => {
  const throttle: OperatorCommand = {
    ...{ kind: 'throttleApp', atMs: 2_000, key: 'archive', ratio: 0.5, expireAtMs: 62_000 },
    ...{ client: '10.0.0.1', owner: 'jane', reason: 'incident "7"' },
  };

  it('has commands and events in the order of their times', () => {
    const log = new EventLog(() => [throttle]);
    log.record('leader', 'the leader is b', { leader: 'b' }, 3_000);
    log.record('reload', 'configuration reloaded', {}, 1_000);
    expect(listed(log)).to.deep.equal([
      { At: '1970-01-01T00:00:01.000Z', Kind: 'reload', Text: 'configuration reloaded' },
      {
        ...{ At: '1970-01-01T00:00:02.000Z', Kind: 'command', Text: THROTTLED },
        ...{ App: 'archive', Ratio: 0.5, Until: '1970-01-01T00:01:02.000Z' },
        ...{ Client: '10.0.0.1', Owner: 'jane', Reason: 'incident "7"' },
      },
      { At: '1970-01-01T00:00:03.000Z', Kind: 'leader', Text: 'the leader is b', Leader: 'b' },
    ]);
  });

  it('selects by time, and the newest of those', () => {
    const log = new EventLog(() => [throttle]);
    for (const atMs of [1_000, 2_000, 3_000]) log.record('store', `${atMs}`, {}, atMs);
    const kinds = (selection: Parameters<EventLog['report']>[0]) =>
      listed(log, selection).map(({ Text }) => Text);
    expect(kinds({ sinceUnixMs: 2_000, limit: 10 })).to.deep.equal([
      ...['2000', THROTTLED, '3000'],
    ]);
    expect(kinds({ sinceUnixMs: null, limit: 2 })).to.deep.equal([THROTTLED, '3000']);
  });

  it('keeps some of the newest commands beside the newest events', () => {
    const commands = [1, 2, 3].map((atMs) => ({ ...throttle, atMs, key: `app${atMs}` }));
    const log = new EventLog(() => [...commands, { ...throttle, atMs: 20, key: 'app20' }]);
    for (let atMs = 10; atMs < 30; atMs++) log.record('threshold', `${atMs}`, {}, atMs);
    const events = listed(log, { sinceUnixMs: null, limit: 15, commands: 3 });
    expect(events.flatMap(({ App }) => App ?? [])).to.deep.equal(['app2', 'app3', 'app20']);
    expect(events).to.have.length(17);
    const newest = listed(log, { sinceUnixMs: null, limit: 15, commands: 1 });
    expect(newest).to.have.length(15);
  });

  it('keeps the last 1,000 events, and cuts long texts', () => {
    const log = new EventLog(() => []);
    for (let n = 0; n < 1_500; n++) log.record('store', `${n}`, {}, n);
    log.record('store', 'x'.repeat(100_000), {}, 9_999);
    const events = listed(log, { sinceUnixMs: null, limit: 5_000 });
    expect(events).to.have.length(1_000);
    expect(events[0]!.Text).to.equal('501');
    expect(events.at(-1)!.Text).to.have.length(500);
  });
});

describe('the watch for events', () => {
  let board: Board;
  let log: EventLog;
  let watch: EventWatch;
  let leader: string;
  let config: ConfigReport;

  beforeEach(() => {
    board = Board.create(4);
    log = new EventLog(() => []);
    leader = 'a';
    config = {
      isReloadSuccessful: true,
      failedReloads: 0,
      loadedAtUnixMs: 1_000,
      hash: 1,
      pendingKeys: 0,
    };
    board.publishLeadership({
      ...emptyLeadershipReading(),
      ...{ leading: true, ready: true, term: 3, leaseUntilMs: Number.POSITIVE_INFINITY },
    });
    board.publishSettings(1, { generation: 5, threshold: 1, maxAgeMs: 60_000 });
    watch = new EventWatch(log, {
      board,
      stores: () => [storeLocation('main', 1)],
      consensus: { status: () => ({ Leader: leader }) as ConsensusStatus },
      config: { report: () => config },
    });
    watch.look();
  });

  function measure(measured: Partial<Measurement>, host = 'db7:3306'): void {
    const nowMs = monotonicMs();
    board.publishMeasurement(
      1,
      {
        ...{ generation: 5, term: 3, state: MetricState.ok, value: 0.5, readAtMs: nowMs },
        ...{ lastHealthyMs: nowMs, sinceMs: nowMs, errorText: '', ...measured },
      },
      encodeHost(host),
    );
    watch.look();
  }

  /** Without the first leader. */
  const recorded = (): EventObject[] =>
    listed(log).filter(({ Text }) => Text !== 'the leader is a');

  const texts = (): string[] => recorded().map(({ Kind, Text }) => `${Kind}: ${Text}`);

  it('records a new leader, and that there is none', () => {
    leader = '';
    watch.look();
    leader = 'b';
    watch.look();
    watch.look();
    expect(texts()).to.deep.equal(['leader: no leader is known', 'leader: the leader is b']);
  });

  it('keeps at most 512 KB', () => {
    const reason = 'é'.repeat(5_000);
    for (let count = 0; count < 200; count++) log.record('refused', 'command refused', { reason });
    const { length } = log.report({ sinceUnixMs: null, limit: 1_000 });
    expect(length).to.be.lessThan(512 * 1024);
    expect(listed(log).length).to.be.greaterThan(40);
  });

  it('records each reload, also each that fails', () => {
    config = { ...config, loadedAtUnixMs: Date.now() };
    watch.look();
    config = { ...config, isReloadSuccessful: false, failedReloads: 1 };
    watch.look();
    watch.look();
    config = { ...config, failedReloads: 2 };
    watch.look();
    const failed = 'reload: configuration not reloaded, nothing changed: see the log';
    expect(texts()).to.deep.equal(['reload: configuration reloaded', failed, failed]);
  });

  it('records thresholds that are crossed, with the host, the value and the time', () => {
    measure({});
    measure({ value: 3, sinceMs: monotonicMs() - 5_000 });
    measure({ value: 4 });
    measure({ value: 0.25 });
    expect(texts()).to.deep.equal([
      'threshold: mysql/main: lag on db7:3306 is 3, above 1',
      'threshold: mysql/main: lag on db7:3306 is 0.25, at most 1 again',
    ]);
    const [above] = recorded();
    expect(above).to.include({ Store: 'mysql/main', Metric: 'lag', Host: 'db7:3306' });
    expect(above).to.include({ Value: 3, Threshold: 1 });
    expect(Date.now() - Date.parse(above!.At as string)).to.be.within(4_900, 60_000);
  });

  it('records a store that cannot be read, and that it is read again', () => {
    measure({});
    measure({ state: MetricState.error, errorText: 'db7:3306: refused' });
    measure({ state: MetricState.notCollected });
    measure({ state: MetricState.error, errorText: 'db7:3306: refused' });
    measure({});
    expect(texts()).to.deep.equal([
      'store: mysql/main: lag cannot be read: db7:3306: refused',
      'store: mysql/main: lag is read again',
    ]);
  });

  it('records nothing of a node that does not lead, or of a store that took the slot', () => {
    measure({ value: 3 });
    board.publishLeadership({ ...emptyLeadershipReading(), term: 4 });
    measure({ value: 0.5 });
    expect(texts()).to.have.length(1);
    board.publishLeadership({
      ...emptyLeadershipReading(),
      ...{ leading: true, term: 3, leaseUntilMs: Number.POSITIVE_INFINITY },
    });
    measure({ value: 3 });
    expect(texts()).to.have.length(2);
    board.publishSettings(1, { generation: 6, threshold: 1, maxAgeMs: 60_000 });
    measure({ generation: 6, value: 0.5 });
    expect(texts()).to.have.length(2);
  });
});
