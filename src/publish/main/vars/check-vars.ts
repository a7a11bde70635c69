/** Counters of checks for `/debug/vars`, summed over the HTTP workers. */
import { TimeSlice } from '../../../base/time-slice.js';
import type { CheckCount, HttpStatistics } from '../../../contracts/http.js';

/**
 * Adds `check.any`, `check.<app>`, `check.any.<type>.<store>` and `check.<app>.<type>.<store>`,
 * each with `.total` and, once there are any, `.error` and `.internal-error`; and
 * `observed.<type>.<store>.<metric>` for each metric that is only observed and would have denied.
 */
export async function checkVars(
  statistics: readonly HttpStatistics[],
): Promise<Map<string, number>> {
  const slice = new TimeSlice();
  const vars = new Map<string, number>();
  for (const { checks, observedDenials } of statistics) {
    for (const { storeName, metric, count } of observedDenials) {
      addTo(vars, `observed.mysql.${storeName}.${metric}`, count);
    }
    for (const count of checks) {
      const store = `${count.storeType}.${count.storeName}`;
      add(vars, 'check.any', count);
      add(vars, `check.${count.app}`, count);
      add(vars, `check.any.${store}`, count);
      add(vars, `check.${count.app}.${store}`, count);
      if (slice.shouldYield) await slice.yield();
    }
  }
  return vars;
}

function add(vars: Map<string, number>, name: string, count: CheckCount): void {
  const { ok, notFound, denied, exceeded, internalError } = count;
  const error = notFound + denied + exceeded + internalError;
  addTo(vars, `${name}.total`, ok + error);
  if (error > 0) addTo(vars, `${name}.error`, error);
  if (internalError > 0) addTo(vars, `${name}.internal-error`, internalError);
}

function addTo(vars: Map<string, number>, name: string, count: number): void {
  vars.set(name, (vars.get(name) ?? 0) + count);
}
