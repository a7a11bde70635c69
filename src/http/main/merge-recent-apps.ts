/** The recent apps of all HTTP workers, as one list: bounded in number and in age. */
import { TimeSlice } from '../../base/time-slice.js';
import {
  type HttpStatistics,
  RECENT_APPS_MAX,
  RECENT_MS,
  type RecentApp,
} from '../../contracts/http.js';

/**
 * The newest entry of each app and client: at most a day old and, unless `lastMinutes` is null, at
 * most that many whole minutes old. The newest `RECENT_APPS_MAX` of them.
 */
export async function mergeRecentApps(
  statistics: readonly HttpStatistics[],
  nowUnixMs: number,
  lastMinutes: number | null,
): Promise<RecentApp[]> {
  const slice = new TimeSlice();
  const ageMs = lastMinutes === null ? RECENT_MS : (lastMinutes + 1) * 60_000;
  const afterUnixMs = nowUnixMs - Math.min(RECENT_MS, ageMs);
  const merged = new Map<string, RecentApp>();
  for (const { recentApps } of statistics) {
    for (const recent of recentApps) {
      const key = `${recent.app}/${recent.client}`;
      const knownAtUnixMs = merged.get(key)?.checkedAtUnixMs ?? afterUnixMs;
      if (recent.checkedAtUnixMs > knownAtUnixMs) merged.set(key, recent);
      if (slice.shouldYield) await slice.yield();
    }
  }
  return newest([...merged.values()]);
}

function newest(recentApps: RecentApp[]): RecentApp[] {
  if (recentApps.length <= RECENT_APPS_MAX) return recentApps;
  const times = Float64Array.from(recentApps, ({ checkedAtUnixMs }) => checkedAtUnixMs).sort();
  const oldest = times[times.length - RECENT_APPS_MAX]!;
  return recentApps
    .filter(({ checkedAtUnixMs }) => checkedAtUnixMs >= oldest)
    .slice(0, RECENT_APPS_MAX);
}
