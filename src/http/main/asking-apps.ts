/**
 * Who asks about which store, who waits, and why: for `/apps`. HTTP workers keep the times and
 * counts of each pair of app and store; here they become one list, and rates.
 */
import { monotonicMs, monotonicToUnixMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { sortInChunks, TimeSlice } from '../../base/time-slice.js';
import {
  type AskingPair,
  type HttpStatistics,
  type HttpStatisticsSource,
  STOPPED_ASKING_MS,
} from '../../contracts/http.js';
import type { AppSelection } from '../../contracts/reports.js';
import type { RefusalReasons } from './refusal-reasons.js';

/** Over about so long rates and shares are means (exponentially weighted). */
const RATE_MS = 10_000;
const SHARE_MS = 60_000;

/** One answer serves all who ask within this time. */
const SHARED_MS = 900;

/** A pair as all workers have met it, with what it did since the last look. */
interface AskingApp {
  readonly app: string;
  readonly storeName: string;
  seenAtMs: number;
  /** The first and the last time of the refusals without a pause; infinite: none. */
  refusedSinceMs: number;
  refusedUntilMs: number;
  /** Its latest 200 of any worker. */
  wentOnAtMs: number;
  longestWaitMs: number;
  lastStatus: number;
  lastMetric: string;
  isLowPriority: boolean;
  ok: number;
  refused: number;
}

/** What is known of a pair from look to look. */
interface AskingRates {
  ok: number;
  refused: number;
  perSecond: number;
  asked: number;
  waited: number;
}

interface RankedApp {
  readonly each: AskingApp;
  readonly waitMs: number;
  readonly share: number;
}

export class AskingApps {
  readonly #http: HttpStatisticsSource;
  readonly #reasons: RefusalReasons;
  readonly #isLeading: () => boolean;
  #rates = new Map<string, AskingRates>();
  #lookedAtMs = 0;
  #latest: Promise<readonly AskingApp[]> | undefined;

  constructor(http: HttpStatisticsSource, reasons: RefusalReasons, isLeading: () => boolean) {
    this.#http = http;
    this.#reasons = reasons;
    this.#isLeading = isLeading;
  }

  /** `{"Leading":true,"Total":2,"Apps":[…]}`: those that wait first, the longest wait first. */
  async report({ limit, store, app }: AppSelection): Promise<string> {
    const all = await this.#look();
    const nowMs = monotonicMs();
    const slice = new TimeSlice();
    const selected: RankedApp[] = [];
    for (const each of all) {
      if (each.app.startsWith(app) && (store === '' || store === `mysql/${each.storeName}`)) {
        // Once for each: looked up at each comparison, shares took a third of a second.
        selected.push({ each, waitMs: waitMs(each, nowMs), share: this.#shareOf(each) });
      }
      if (slice.shouldYield) await slice.yield();
    }
    const ranked = await sortInChunks(selected, slice, byNeed);
    let rows = '';
    for (const row of ranked.slice(0, limit)) {
      rows += `${rows === '' ? '' : ','}${this.#json(row)}`;
      if (slice.shouldYield) await slice.yield();
    }
    return `{"Leading":${this.#isLeading()},"Total":${selected.length},"Apps":[${rows}]}`;
  }

  #look(): Promise<readonly AskingApp[]> {
    const nowMs = monotonicMs();
    if (this.#latest === undefined || nowMs - this.#lookedAtMs > SHARED_MS) {
      const elapsedMs = nowMs - this.#lookedAtMs;
      this.#lookedAtMs = nowMs;
      this.#latest = this.#collect(elapsedMs);
    }
    return this.#latest;
  }

  async #collect(elapsedMs: number): Promise<readonly AskingApp[]> {
    const merged = await mergePairs(await this.#http.collect('asking'));
    const slice = new TimeSlice();
    const rates = new Map<string, AskingRates>();
    for (const [key, asking] of merged) {
      rates.set(key, nextRates(this.#rates.get(key), asking, elapsedMs));
      if (slice.shouldYield) await slice.yield();
    }
    this.#rates = rates;
    return [...merged.values()];
  }

  #shareOf({ app, storeName }: AskingApp): number {
    const rates = this.#rates.get(`${app}/${storeName}`);
    return rates === undefined || rates.asked === 0 ? 0 : rates.waited / rates.asked;
  }

  #json({ each, waitMs: waitingMs, share }: RankedApp): string {
    const { app, storeName, seenAtMs, longestWaitMs, lastStatus } = each;
    const perSecond = this.#rates.get(`${app}/${storeName}`)?.perSecond ?? 0;
    const longestMs = Math.max(longestWaitMs, waitingMs);
    const why = waitingMs === 0 ? [] : this.#reasons.membersOf(each);
    const members = [
      `"App":${jsonString(app)},"Store":${jsonString(`mysql/${storeName}`)}`,
      `"PerSecond":${round(perSecond)},"WaitShare":${round(share)}`,
      ...(waitingMs > 0 ? [`"WaitingSeconds":${seconds(waitingMs)}`] : []),
      ...(longestMs > 0 ? [`"LongestWaitSeconds":${seconds(longestMs)}`] : []),
      ...why,
      `"LastStatus":${lastStatus}`,
      `"LastSeen":"${new Date(monotonicToUnixMs(seenAtMs)).toISOString()}"`,
    ];
    return `{${members.join(',')}}`;
  }
}

/** The longest wait first, then the largest share of refusals, then the latest. */
function byNeed(left: RankedApp, right: RankedApp): number {
  return (
    right.waitMs - left.waitMs ||
    right.share - left.share ||
    right.each.seenAtMs - left.each.seenAtMs
  );
}

/** How long it has waited; 0: it goes on, has stopped asking, or was refused only once. */
function waitMs(asking: AskingApp, nowMs: number): number {
  const { seenAtMs, refusedSinceMs, refusedUntilMs, wentOnAtMs } = asking;
  if (refusedUntilMs <= wentOnAtMs || nowMs - seenAtMs > STOPPED_ASKING_MS) return 0;
  if (refusedUntilMs === refusedSinceMs) return 0;
  return Math.max(0, nowMs - Math.max(refusedSinceMs, wentOnAtMs));
}

async function mergePairs(statistics: readonly HttpStatistics[]): Promise<Map<string, AskingApp>> {
  const slice = new TimeSlice();
  const merged = new Map<string, AskingApp>();
  for (const { asking } of statistics) {
    for (const pair of asking) {
      const key = `${pair.app}/${pair.storeName}`;
      const known = merged.get(key);
      if (known === undefined) merged.set(key, firstOf(pair));
      else addPair(known, pair);
      if (slice.shouldYield) await slice.yield();
    }
  }
  return merged;
}

function firstOf(pair: AskingPair): AskingApp {
  const { app, storeName } = pair;
  const asking: AskingApp = {
    ...{ app, storeName, seenAtMs: 0, wentOnAtMs: 0, longestWaitMs: 0 },
    ...{ lastStatus: 0, lastMetric: '' },
    ...{ refusedSinceMs: Number.POSITIVE_INFINITY, refusedUntilMs: Number.NEGATIVE_INFINITY },
    ...{ isLowPriority: false, ok: 0, refused: 0 },
  };
  addPair(asking, pair);
  return asking;
}

function addPair(asking: AskingApp, pair: AskingPair): void {
  const { seenAtMs, waitingSinceMs, wentOnAtMs, longestWaitMs } = pair;
  asking.ok += pair.ok;
  asking.refused += pair.refused;
  asking.longestWaitMs = Math.max(asking.longestWaitMs, longestWaitMs);
  asking.wentOnAtMs = Math.max(asking.wentOnAtMs, wentOnAtMs);
  if (waitingSinceMs > 0) addRefusals(asking, waitingSinceMs, seenAtMs);
  if (seenAtMs < asking.seenAtMs) return;
  asking.seenAtMs = seenAtMs;
  asking.lastStatus = pair.lastStatus;
  asking.lastMetric = pair.lastMetric;
  asking.isLowPriority = pair.isLowPriority;
}

/** Refusals of several workers are one wait, unless it stopped asking in between. */
function addRefusals(asking: AskingApp, sinceMs: number, untilMs: number): void {
  const { refusedSinceMs, refusedUntilMs } = asking;
  if (sinceMs - refusedUntilMs > STOPPED_ASKING_MS) asking.refusedSinceMs = sinceMs;
  else if (refusedSinceMs - untilMs <= STOPPED_ASKING_MS) {
    asking.refusedSinceMs = Math.min(refusedSinceMs, sinceMs);
  }
  asking.refusedUntilMs = Math.max(refusedUntilMs, untilMs);
}

function nextRates(
  known: AskingRates | undefined,
  asking: AskingApp,
  elapsedMs: number,
): AskingRates {
  const { ok, refused } = asking;
  // A worker that has ended has taken its counts with it.
  const isFirst = known === undefined || ok < known.ok || refused < known.refused;
  const waited = isFirst ? refused : refused - known.refused;
  const asked = waited + (isFirst ? ok : ok - known.ok);
  // At the first look the time since the first check is not known.
  const perSecondNow = isFirst ? 0 : (asked / elapsedMs) * 1_000;
  const kept = isFirst ? 0 : Math.exp(-elapsedMs / RATE_MS);
  const keptShare = isFirst ? 0 : Math.exp(-elapsedMs / SHARE_MS);
  return {
    ok,
    refused,
    perSecond: perSecondNow * (1 - kept) + (known?.perSecond ?? 0) * kept,
    asked: asked + (known?.asked ?? 0) * keptShare,
    waited: waited + (known?.waited ?? 0) * keptShare,
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}
