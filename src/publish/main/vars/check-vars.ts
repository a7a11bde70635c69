/** Counters of checks for `/debug/vars`, summed over the HTTP workers. */
import { TimeSlice } from '../../../base/time-slice.js';
import {
  type CheckCount,
  COUNTED_BYTES_MAX,
  countedBytes,
  type HttpStatistics,
  OTHER,
} from '../../../contracts/http.js';

/**
 * Adds `check.any`, `check.<app>`, `check.any.<type>.<store>` and `check.<app>.<type>.<store>`,
 * each with `.total` and, once there are any, `.error` and `.internal-error`; and
 * `observed.<type>.<store>.<metric>` for each metric that is only observed and would have denied.
 * Pairs of app and store beyond the bound, if several workers have met many, count as `(other)`.
 */
export async function checkVars(
  statistics: readonly HttpStatistics[],
  bytesMax = COUNTED_BYTES_MAX,
): Promise<Map<string, number>> {
  const slice = new TimeSlice();
  const vars = new Map<string, number>();
  let bytes = 0;
  for (const { checks, observedDenials } of statistics) {
    for (const { storeName, metric, count } of observedDenials) {
      addTo(vars, `observed.mysql.${storeName}.${metric}`, count);
    }
    for (const count of checks) {
      let { app, storeName } = count;
      if (!vars.has(`check.${app}.${count.storeType}.${storeName}.total`)) {
        bytes += countedBytes(app, storeName);
        if (bytes > bytesMax) {
          bytes -= countedBytes(app, storeName);
          app = storeName = OTHER;
        }
      }
      const store = `${count.storeType}.${storeName}`;
      add(vars, 'check.any', count);
      add(vars, `check.${app}`, count);
      add(vars, `check.any.${store}`, count);
      add(vars, `check.${app}.${store}`, count);
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
