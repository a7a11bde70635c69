/**
 * Who asks about which store, who waits, and why: for `/apps`. HTTP workers keep the times and
 * counts of each pair of app and store; here they become one list, and rates.
 */
import { monotonicMs, monotonicToUnixMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { TimeSlice } from '../../base/time-slice.js';
import type { AskingPair, HttpStatistics, HttpStatisticsSource } from '../../contracts/http.js';
import type { AppSelection } from '../../contracts/reports.js';
import type { RefusalReasons } from './refusal-reasons.js';

/** An app that has not asked for so long waits no more. */
const ASKING_MS = 60_000;

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
  /** Of each worker that has refused it since its own last 200: the earliest. */
  refusedSinceMs: number;
  /** The latest of a worker at which it goes on. */
  wentOnAtMs: number;
  longestWaitMs: number;
  lastStatus: number;
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

export class AskingApps {
  readonly #http: HttpStatisticsSource;
  readonly #reasons: RefusalReasons;
  #rates = new Map<string, AskingRates>();
  #lookedAtMs = 0;
  #latest: Promise<readonly AskingApp[]> | undefined;

  constructor(http: HttpStatisticsSource, reasons: RefusalReasons) {
    this.#http = http;
    this.#reasons = reasons;
  }

  /** `{"Total":2,"Apps":[…]}`: those that wait first, the longest wait before the others. */
  async report({ limit, store, app }: AppSelection): Promise<string> {
    const all = await this.#look();
    const nowMs = monotonicMs();
    const selected = all.filter(
      (each) => each.app.startsWith(app) && (store === '' || store === `mysql/${each.storeName}`),
    );
    const ranked = selected.map((each) => ({ each, waitMs: waitMs(each, nowMs) }));
    ranked.sort(
      (left, right) =>
        right.waitMs - left.waitMs ||
        this.#shareOf(right.each) - this.#shareOf(left.each) ||
        right.each.seenAtMs - left.each.seenAtMs,
    );
    const rows = ranked.slice(0, limit).map(({ each, waitMs: ms }) => this.#json(each, ms));
    return `{"Total":${selected.length},"Apps":[${rows.join(',')}]}`;
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

  #json(asking: AskingApp, waitingMs: number): string {
    const { app, storeName, seenAtMs, longestWaitMs, lastStatus, isLowPriority } = asking;
    const perSecond = this.#rates.get(`${app}/${storeName}`)?.perSecond ?? 0;
    const longestMs = Math.max(longestWaitMs, waitingMs);
    const why =
      waitingMs === 0 ? [] : this.#reasons.membersOf({ app, storeName, lastStatus, isLowPriority });
    const members = [
      `"App":${jsonString(app)},"Store":${jsonString(`mysql/${storeName}`)}`,
      `"PerSecond":${round(perSecond)},"WaitShare":${round(this.#shareOf(asking))}`,
      ...(waitingMs > 0 ? [`"WaitingSeconds":${seconds(waitingMs)}`] : []),
      ...(longestMs > 0 ? [`"LongestWaitSeconds":${seconds(longestMs)}`] : []),
      ...why,
      `"LastStatus":${lastStatus}`,
      `"LastSeen":"${new Date(monotonicToUnixMs(seenAtMs)).toISOString()}"`,
    ];
    return `{${members.join(',')}}`;
  }
}

/** How long it has waited; 0: it goes on, or has stopped asking. */
function waitMs({ seenAtMs, refusedSinceMs, wentOnAtMs }: AskingApp, nowMs: number): number {
  if (refusedSinceMs === Number.POSITIVE_INFINITY || nowMs - seenAtMs > ASKING_MS) return 0;
  return Math.max(0, nowMs - Math.max(refusedSinceMs, wentOnAtMs));
}

async function mergePairs(statistics: readonly HttpStatistics[]): Promise<Map<string, AskingApp>> {
  const slice = new TimeSlice();
  const merged = new Map<string, AskingApp>();
  for (const pair of statistics.flatMap(({ asking }) => asking)) {
    const key = `${pair.app}/${pair.storeName}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, firstOf(pair));
    else addPair(known, pair);
    if (slice.shouldYield) await slice.yield();
  }
  return merged;
}

function firstOf(pair: AskingPair): AskingApp {
  const { app, storeName } = pair;
  const asking: AskingApp = {
    ...{ app, storeName, seenAtMs: 0, wentOnAtMs: 0, longestWaitMs: 0, lastStatus: 0 },
    ...{ refusedSinceMs: Number.POSITIVE_INFINITY, isLowPriority: false, ok: 0, refused: 0 },
  };
  addPair(asking, pair);
  return asking;
}

function addPair(asking: AskingApp, pair: AskingPair): void {
  const { seenAtMs, waitingSinceMs, longestWaitMs, lastStatus, isLowPriority } = pair;
  asking.ok += pair.ok;
  asking.refused += pair.refused;
  asking.longestWaitMs = Math.max(asking.longestWaitMs, longestWaitMs);
  if (waitingSinceMs > 0) asking.refusedSinceMs = Math.min(asking.refusedSinceMs, waitingSinceMs);
  else asking.wentOnAtMs = Math.max(asking.wentOnAtMs, seenAtMs);
  if (seenAtMs < asking.seenAtMs) return;
  asking.seenAtMs = seenAtMs;
  asking.lastStatus = lastStatus;
  asking.isLowPriority = isLowPriority;
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
