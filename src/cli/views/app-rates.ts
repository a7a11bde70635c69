/** How often each app checks, and which share of its checks has to wait: from two counts. */
import type { JsonObject } from '../servers/reply-body.js';

export interface AppRate {
  readonly app: string;
  readonly checksPerSecond: number;
  /** Of the checks since the last look, 0 to 1. */
  readonly waitingShare: number;
}

/** `check.<app>.total` of `/debug/vars`; those of single stores have the type in their names. */
const APP_TOTAL = /^check\.(?!any\.)(.+)\.total$/;
const OF_STORE = /\.mysql\./;

export class AppRates {
  #before: JsonObject | null = null;
  #beforeMs = 0;

  /** Those that have checked since the last look, the most frequent first; at first none. */
  look(vars: JsonObject, nowMs: number): AppRate[] {
    const before = this.#before;
    const seconds = (nowMs - this.#beforeMs) / 1_000;
    this.#before = vars;
    this.#beforeMs = nowMs;
    if (before === null || seconds <= 0) return [];
    const rates: AppRate[] = [];
    for (const key of Object.keys(vars)) {
      const app = APP_TOTAL.exec(key)?.[1];
      if (app === undefined || OF_STORE.test(key)) continue;
      const errors = `check.${app}.error`;
      const checks = grown(before, vars, key);
      if (checks === 0) continue;
      const waitingShare = grown(before, vars, errors) / checks;
      rates.push({ app, checksPerSecond: checks / seconds, waitingShare });
    }
    return rates.sort((a, b) => b.checksPerSecond - a.checksPerSecond);
  }
}

/** A counter that became smaller is that of another process. */
function grown(before: JsonObject, now: JsonObject, key: string): number {
  return Math.max(0, Number(now[key] ?? 0) - Number(before[key] ?? 0));
}
