/** The topics of the page's stream, each a JSON text on one line: what the page shows at once. */
import { jsonString } from '../../../base/json.js';
import { TimeSlice } from '../../../base/time-slice.js';
import type { Board } from '../../../board/board.js';
import type { MainRequest, MainResponse, StoreLocation } from '../../../contracts/http.js';
import type { ThrottleState } from '../../../throttle/state.js';
import { entriesInForce } from '../entry-lists.js';
import {
  lookAt,
  metricsJson,
  type ReportedState,
  storeStateOf,
  WORST_FIRST,
} from '../store-reports.js';
import type { TopicTexts } from './streams.js';

/** Stores in the topic: those that hold jobs back come first. */
const TROUBLED_MAX = 100;
/** With fewer of those, so many stores in all. */
const ROWS_MIN = 20;
/** Of each kind of entry. */
const ENTRIES_MAX = 200;
/** A value that wavers around its threshold does not push out what people did. */
const EVENTS = { sinceUnixMs: null, limit: 200, commands: 20 };
const APPS_MAX = 500;

/** States of stores that hold no jobs back, or of which this node cannot tell. */
const FINE: readonly ReportedState[] = ['unknown', 'within'];

export interface TopicSources {
  readonly board: Board;
  /** The copy of this thread. */
  readonly state: ThrottleState;
  readonly stores: () => readonly StoreLocation[];
  /** Does not reject. */
  readonly callMain: (request: MainRequest) => Promise<MainResponse>;
}

/**
 * Writes all topics. One that main does not give in time is left out. `stores` is there each time,
 * and no two are equal: a client that gets none knows that its stream is broken.
 */
export async function writeTopics(sources: TopicSources): Promise<TopicTexts> {
  const { board, state, callMain } = sources;
  const asked: ReadonlyArray<readonly [string, MainRequest]> = [
    ['apps', { kind: 'apps', selection: { limit: APPS_MAX, store: '', app: '' } }],
    ['cluster', { kind: 'cluster' }],
    ['events', { kind: 'events', selection: EVENTS }],
  ];
  const answers = asked.map(async ([topic, request]) => {
    const { status, json } = await callMain(request);
    return status === 200 ? ([[topic, json]] as const) : [];
  });
  const ofMain = (await Promise.all(answers)).flat();
  const source = { state, nowUnixMs: board.expiryTimeMs(), stores: sources.stores() };
  const entries = await entriesInForce(source, ENTRIES_MAX);
  return new Map([...ofMain, ['entries', entries], ['stores', await storesTopic(sources)]]);
}

interface RankedStore {
  readonly store: StoreLocation;
  readonly rank: number;
  readonly sinceMs: number;
}

/** `{"At":"…","Leading":true,"Counts":{"within":12},"Rows":[{"Store":"mysql/main1",…}]}` */
async function storesTopic({ board, stores }: TopicSources): Promise<string> {
  const look = lookAt(board);
  const slice = new TimeSlice();
  const counts = new Map<ReportedState, number>();
  const troubled: RankedStore[] = [];
  const fine: RankedStore[] = [];
  for (const store of stores()) {
    const { state, sinceMs } = storeStateOf(board, store, look);
    counts.set(state, (counts.get(state) ?? 0) + 1);
    const group = FINE.includes(state) ? fine : troubled;
    group.push({ store, rank: WORST_FIRST.indexOf(state), sinceMs });
    if (slice.shouldYield) await slice.yield();
  }
  troubled.sort((left, right) => left.rank - right.rank || left.sinceMs - right.sinceMs);
  const shown = [
    ...troubled.slice(0, TROUBLED_MAX),
    ...fine.slice(0, Math.max(0, ROWS_MIN - troubled.length)),
  ];
  const rows: string[] = [];
  for (const { store } of shown) {
    const name = jsonString(`mysql/${store.name}`);
    rows.push(`{"Store":${name},"Metrics":${metricsJson(board, store, look)}}`);
    if (slice.shouldYield) await slice.yield();
  }
  const at = new Date().toISOString();
  const written = JSON.stringify(Object.fromEntries(counts));
  const summary = `"At":"${at}","Leading":${look.isLeading},"Counts":${written}`;
  return `{${summary},"Rows":[${rows.join(',')}]}`;
}
