/**
 * The log of checks of stores that are not configured. Most are mistyped, or name a cluster that
 * was removed: their clients wait for ever, or (`check-if-exists`) are never throttled.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { RecentNames } from '../../base/recent-names.js';
import { nearest } from '../../config/nearest.js';
import {
  UNKNOWN_STORE_PERIOD_MS,
  UNKNOWN_STORES_MAX,
  type UnknownStoreCheck,
} from '../../contracts/http.js';

export class UnknownStoreLog {
  readonly #log: Logger;
  readonly #logged = new RecentNames(UNKNOWN_STORES_MAX, UNKNOWN_STORE_PERIOD_MS);
  readonly #fullLogged = new RecentNames(1, UNKNOWN_STORE_PERIOD_MS);

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `configured`: the names of all stores. */
  checked(check: UnknownStoreCheck, configured: readonly string[]): void {
    const nowMs = monotonicMs();
    const { storeType, storeName } = check;
    const store = `${storeType}/${storeName}`;
    const meeting = this.#logged.meet(store, nowMs);
    if (meeting === 'full') this.#warnFull(nowMs);
    if (meeting !== 'new') return;
    const known = nearest(storeName, configured);
    const fields = { store, ...(known !== undefined && { nearest: `mysql/${known}` }) };
    const { app, client } = check;
    this.#log.warn({ ...fields, app, client }, 'check of a store that is not configured');
  }

  #warnFull(nowMs: number): void {
    if (this.#fullLogged.meet('full', nowMs) !== 'new') return;
    this.#log.warn(
      { logged: UNKNOWN_STORES_MAX },
      'checks of many stores that are not configured: the others are not logged for an hour',
    );
  }
}
