/** Decisions of checks, by the table in docs/http.md, for all combinations of inputs. */
import { expect } from 'chai';
import {
  type CheckContext,
  type CheckRequest,
  check,
  entryKeys,
  FRENO_APP,
  holdsLowPriority,
  unknownStoreType,
} from '../../src/throttle/check.js';
import type { JudgedMetric, Judgement } from '../../src/throttle/judgement.js';
import type { LeadershipView } from '../../src/throttle/leadership-view.js';
import { MetricState, type StoreMetric } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';

const NOW_MS = 1_000_000;
const NOW_UNIX_MS = 1_800_000_000_000;
const THRESHOLD = 1;
const MAX_AGE_MS = 5000;

const FRESH: StoreMetric = {
  currentGeneration: 4,
  threshold: THRESHOLD,
  setThreshold: 0,
  setThresholdUntilMs: 0,
  maxAgeMs: MAX_AGE_MS,
  unhealthyAtPeersUntilMs: 0,
  generation: 4,
  term: 9,
  state: MetricState.ok,
  value: 0.5,
  readAtMs: NOW_MS - 100,
  lastHealthyMs: NOW_MS - 100,
  sinceMs: 0,
  errorText: 'cannot connect',
};

const LEADING: LeadershipView = {
  leading: true,
  forced: false,
  ready: true,
  term: 9,
  leaseUntilMs: NOW_MS + 1,
  promotedAtMs: 0,
  clockOffsetMs: null,
};

const APPS = ['archive', FRENO_APP, ''] as const;
const READ_THRESHOLDS = [undefined, 0, 0.5, 9.25] as const;
const BOOLEANS = [false, true] as const;

/** Metrics of the store, and whether they are current. */
const STORES: ReadonlyArray<{
  readonly title: string;
  readonly metric: StoreMetric | undefined;
  readonly counts: boolean;
}> = [
  { title: 'unconfigured', metric: undefined, counts: false },
  { title: 'low', metric: FRESH, counts: true },
  { title: 'at the threshold', metric: { ...FRESH, value: THRESHOLD }, counts: true },
  {
    title: 'low, but not at a peer',
    metric: { ...FRESH, unhealthyAtPeersUntilMs: NOW_MS + 1 },
    counts: true,
  },
  {
    title: 'low, and not at a peer until now',
    metric: { ...FRESH, unhealthyAtPeersUntilMs: NOW_MS },
    counts: true,
  },
  { title: 'above', metric: { ...FRESH, value: 9.25 }, counts: true },
  { title: 'no number', metric: { ...FRESH, value: Number.NaN }, counts: true },
  { title: 'not collected', metric: { ...FRESH, state: MetricState.notCollected }, counts: true },
  {
    title: 'no hosts',
    metric: { ...FRESH, state: MetricState.noHosts, errorText: '' },
    counts: true,
  },
  {
    title: 'no hosts that are not ignored',
    metric: { ...FRESH, state: MetricState.noHosts },
    counts: true,
  },
  { title: 'in error', metric: { ...FRESH, state: MetricState.error }, counts: true },
  { title: 'never measured', metric: { ...FRESH, state: MetricState.nothing }, counts: false },
  { title: 'just young enough', metric: { ...FRESH, readAtMs: NOW_MS - MAX_AGE_MS }, counts: true },
  { title: 'stale', metric: { ...FRESH, readAtMs: NOW_MS - MAX_AGE_MS - 1 }, counts: false },
  { title: 'of an earlier term', metric: { ...FRESH, term: 8 }, counts: false },
  { title: 'of a store that is gone', metric: { ...FRESH, generation: 3 }, counts: false },
];

const LEADERSHIPS: ReadonlyArray<{
  readonly title: string;
  readonly view: LeadershipView;
  readonly acts: boolean;
}> = [
  { title: 'leading', view: LEADING, acts: true },
  { title: 'leading, not ready', view: { ...LEADING, ready: false }, acts: true },
  { title: 'with its lease just over', view: { ...LEADING, leaseUntilMs: NOW_MS }, acts: false },
  { title: 'following', view: { ...LEADING, leading: false }, acts: false },
  {
    title: 'forced',
    view: { ...LEADING, leading: false, forced: true, leaseUntilMs: 0 },
    acts: true,
  },
];

/** When low priority was last held off, and whether that denies low priority now. */
const MARKS = [
  { lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY, denies: false },
  { lowPriorityHeldAtMs: NOW_MS - 1001, denies: false },
  { lowPriorityHeldAtMs: NOW_MS - 1000, denies: true },
  { lowPriorityHeldAtMs: NOW_MS, denies: true },
] as const;

/** Entries of the throttle table, the random number, and whether they deny `archive` on `main1`. */
const THROTTLES = [
  { entries: [], dice: 0, denies: false },
  { entries: [['archive', 1]], dice: 0.999, denies: true },
  { entries: [['archive', 0]], dice: 0, denies: false },
  { entries: [['archive', 0.5]], dice: 0.499, denies: true },
  { entries: [['archive', 0.5]], dice: 0.5, denies: false },
  { entries: [['archive/main1', 1]], dice: 0.999, denies: true },
  { entries: [['archive/other', 1]], dice: 0, denies: false },
  {
    entries: [
      ['archive/main1', 0],
      ['archive', 1],
    ],
    dice: 0,
    denies: true,
  },
  {
    entries: [
      ['main1', 1],
      ['arch', 1],
      ['archive/', 1],
    ],
    dice: 0,
    denies: false,
  },
] as const;

function table(entries: ReadonlyArray<readonly [string, number]>): ThrottleState {
  const state = new ThrottleState();
  for (const [key, ratio] of entries) {
    state.apply({ kind: 'throttleApp', atMs: NOW_UNIX_MS, key, ratio });
  }
  return state;
}

/** The table of docs/http.md, row by row. */
function expected(
  question: CheckRequest,
  isDenied: boolean,
  counts: boolean,
  acts: boolean,
): Pick<Judgement, 'status' | 'value' | 'threshold' | 'message'> {
  const { app, readThreshold } = question;
  const store = question.metrics?.[0].reading;
  const threshold = readThreshold ?? store?.threshold ?? 0;
  const isOk = counts && store?.state === MetricState.ok;
  if (isDenied) {
    const message = app === '' ? 'no app indicated' : 'App denied';
    return { status: 417, value: 0, threshold: readThreshold ?? 0, message };
  }
  if (store === undefined && app === '') {
    return { status: 417, value: 0, threshold, message: 'no app indicated' };
  }
  if (store === undefined) {
    const status = question.ifExists ? 200 : 404;
    return { status, value: 0, threshold, message: 'No such metric' };
  }
  if (app === '') {
    return { status: 417, value: isOk ? store.value : 0, threshold, message: 'no app indicated' };
  }
  if (!counts) {
    const message = acts ? 'No metric yet' : 'Not the leader';
    return { status: 404, value: 0, threshold, message };
  }
  if (isOk) {
    const waitsForPeers = store.unhealthyAtPeersUntilMs > NOW_MS && app !== 'freno';
    return store.value <= threshold && !waitsForPeers
      ? { status: 200, value: store.value, threshold, message: '' }
      : { status: 429, value: store.value, threshold, message: 'Threshold exceeded' };
  }
  const message = {
    [MetricState.notCollected]: 'Metric not collected yet',
    [MetricState.noHosts]:
      store.errorText === '' ? 'No hosts found' : 'No hosts found; cannot connect',
    [MetricState.error]: 'cannot connect',
  }[store.state as 2 | 3 | 4];
  return { status: 500, value: 0, threshold, message };
}

describe('a check', () => {
  for (const { title, metric, counts } of STORES) {
    for (const leadership of LEADERSHIPS) {
      it(`decides by the table: a store ${title}, a node ${leadership.title}`, () => {
        let combinations = 0;
        const { acts } = leadership;
        for (const throttle of THROTTLES) {
          const throttles = table(throttle.entries);
          for (const mark of MARKS) {
            const context: CheckContext = {
              leadership: leadership.view,
              throttles,
              nowMs: NOW_MS,
              nowUnixMs: NOW_UNIX_MS,
              lowPriorityHeldAtMs: mark.lowPriorityHeldAtMs,
              dice: () => throttle.dice,
              observed: neverObserved,
            };
            for (const question of questions(metric)) {
              const isDenied =
                (question.lowPriority && mark.denies) ||
                (question.app === 'archive' && throttle.denies);
              const wanted = expected(question, isDenied, counts && acts, acts);
              const got = check(question, context);
              if (!Object.is(got.value, wanted.value) || !sameBesides(got, wanted)) {
                expect(got, JSON.stringify({ question, throttle, mark })).to.deep.include(wanted);
              }
              combinations++;
            }
          }
        }
        expect(combinations).to.equal(9 * 4 * 3 * 4 * 2 * 2);
      });
    }
  }

  it('draws a random number for the entry of the store and another for that of the app', () => {
    const throws = [0.9, 0.1];
    const context: CheckContext = {
      leadership: LEADING,
      throttles: table([
        ['archive/main1', 0.5],
        ['archive', 0.5],
      ]),
      nowMs: NOW_MS,
      nowUnixMs: NOW_UNIX_MS,
      lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY,
      dice: () => throws.shift()!,
      observed: neverObserved,
    };
    expect(check([...questions(FRESH)][0]!, context).status).to.equal(417);
    expect(throws).to.deep.equal([]);
  });

  it('ignores an entry that has expired', () => {
    const throttles = new ThrottleState();
    const entry = { kind: 'throttleApp', atMs: NOW_UNIX_MS, key: 'archive', ratio: 1 } as const;
    throttles.apply({ ...entry, expireAtMs: NOW_UNIX_MS + 10 });
    const at = (nowUnixMs: number): number =>
      check([...questions(FRESH)][0]!, {
        leadership: LEADING,
        throttles,
        nowMs: NOW_MS,
        nowUnixMs,
        lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY,
        dice: () => 0,
        observed: neverObserved,
      }).status;
    expect(at(NOW_UNIX_MS + 9)).to.equal(417);
    expect(at(NOW_UNIX_MS + 10)).to.equal(200);
  });

  it('decides a check of an unknown store type like that of an unconfigured store', () => {
    const body = { value: 0, threshold: 0, message: 'No such metric', metric: null };
    expect(unknownStoreType(false)).to.deep.equal({ status: 404, ...body });
    expect(unknownStoreType(true)).to.deep.equal({ status: 200, ...body });
  });
});

describe('a threshold that an operator has set', () => {
  const set: StoreMetric = { ...FRESH, setThreshold: 0.25, setThresholdUntilMs: NOW_UNIX_MS + 1 };
  const CASES = [
    { title: 'judges in the place of the configured one', metric: set, readThreshold: undefined },
    {
      title: 'no longer judges in the millisecond of its end',
      metric: { ...set, setThresholdUntilMs: NOW_UNIX_MS },
      readThreshold: undefined,
    },
    { title: 'leaves that of a check-read alone', metric: set, readThreshold: 0.75 },
  ];
  const EXPECTED = [
    { status: 429, value: 0.5, threshold: 0.25, message: 'Threshold exceeded' },
    { status: 200, value: 0.5, threshold: THRESHOLD, message: '' },
    { status: 200, value: 0.5, threshold: 0.75, message: '' },
  ];
  for (const [index, { title, metric, readThreshold }] of CASES.entries()) {
    it(title, () => {
      const request: CheckRequest = {
        ...asked('archive', 'main', metric, readThreshold),
        ...{ lowPriority: false, ifExists: false },
      };
      const context: CheckContext = {
        ...{ leadership: LEADING, throttles: new ThrottleState(), nowMs: NOW_MS },
        ...{ nowUnixMs: NOW_UNIX_MS, lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY },
        dice: () => 0,
        observed: neverObserved,
      };
      expect(check(request, context)).to.deep.include(EXPECTED[index]!);
    });
  }
});

describe('the hold on low priority', () => {
  it('follows only from a 429 to a normal-priority check of any app but freno', () => {
    for (const question of questions(FRESH)) {
      for (const status of [200, 404, 417, 429, 500] as const) {
        const result: Judgement = { status, value: 0, threshold: 0, message: '', metric: null };
        expect(holdsLowPriority(question, result)).to.equal(
          status === 429 &&
            !question.lowPriority &&
            question.readThreshold === undefined &&
            question.app !== 'freno',
        );
      }
    }
  });
});

/** A check of a store that has one metric. */
function asked(
  app: string,
  storeName: string,
  store: StoreMetric | undefined,
  readThreshold: number | undefined,
): Pick<CheckRequest, 'app' | 'storeName' | 'keys' | 'metrics' | 'readThreshold'> {
  const own: JudgedMetric | undefined = store && {
    name: 'lag',
    mode: 'enforce',
    reading: store,
    origin: readThreshold === undefined ? 'all' : 'client',
    ownThreshold: readThreshold ?? 0,
  };
  const keys = entryKeys([app], storeName);
  return { app, storeName, keys, metrics: own && [own], readThreshold };
}

function neverObserved(): never {
  throw new Error('no metric is only observed');
}

function* questions(store: StoreMetric | undefined): Generator<CheckRequest> {
  for (const app of APPS) {
    for (const readThreshold of READ_THRESHOLDS) {
      for (const lowPriority of BOOLEANS) {
        for (const ifExists of BOOLEANS) {
          yield { ...asked(app, 'main1', store, readThreshold), lowPriority, ifExists };
        }
      }
    }
  }
}

function sameBesides(
  got: Judgement,
  wanted: Pick<Judgement, 'status' | 'threshold' | 'message'>,
): boolean {
  return (
    got.status === wanted.status &&
    got.threshold === wanted.threshold &&
    got.message === wanted.message
  );
}
