/**
 * The log of the operators' commands: who sent which, and what came of it. It is the record that
 * explains, after the fact, why an app was denied or a host was not probed. Each node logs the
 * commands that it received from clients, not those that it applies for other nodes.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { LogBudget } from '../../base/log-budget.js';
import type { RefusedCommand } from '../../contracts/http.js';
import { type AppKey, NO_EXPIRY, type OperatorCommand } from '../../throttle/commands.js';
import type { ThrottledApp } from '../../throttle/state.js';

/** A script may send some hundreds; a client in a loop must not fill the disk. */
const LINES_MAX = 1_000;
const PERIOD_MS = 60_000;

/** The entry of an app that is in force at `nowMs` (Unix time). */
export type EntryReader = (key: AppKey, nowMs: number) => ThrottledApp | undefined;

export class CommandLog {
  readonly #log: Logger;
  readonly #entryOf: EntryReader;
  readonly #budget = new LogBudget(LINES_MAX, PERIOD_MS);

  constructor(log: Logger, entryOf: EntryReader) {
    this.#log = log;
    this.#entryOf = entryOf;
  }

  /** `client`: its address. */
  applied(command: OperatorCommand, client: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const fields = { client, ...this.#effectOf(command), ...this.#budget.fields() };
    this.#log.notice(fields, EFFECTS[command.kind]);
  }

  /** Consensus did not apply the command, or did not report the outcome in time. */
  failed(command: OperatorCommand, client: string, status: number, reason: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const about = 'key' in command ? { app: command.key } : { host: command.host };
    const fields = { client, command: command.kind, ...about, status, reason };
    this.#log.warn({ ...fields, ...this.#budget.fields() }, 'command failed');
  }

  /** An HTTP worker refused the request, within a bound of its own. */
  refused(refusal: RefusedCommand): void {
    this.#log.warn({ ...refusal }, 'command refused');
  }

  /** The entry that is in force after the command: it may keep the time or the ratio it had. */
  #effectOf(command: OperatorCommand): object {
    switch (command.kind) {
      case 'throttleApp': {
        const entry = this.#entryOf(command.key, Date.now());
        const expireAtMs = entry?.expireAtMs ?? command.expireAtMs;
        const ratio = entry?.ratio ?? command.ratio;
        return { app: command.key, ratio, ...(expireAtMs !== undefined && until(expireAtMs)) };
      }
      case 'unthrottleApp':
        return { app: command.key };
      case 'skipHost':
        return { host: command.host, ...until(command.expireAtMs) };
      case 'recoverHost':
        return { host: command.host };
      case 'exemptApp':
        return { app: command.key, ...until(command.expireAtMs) };
      case 'unexemptApp':
        return { app: command.key };
      case 'setThreshold':
        return { store: command.key, threshold: command.value, ...until(command.expireAtMs) };
      case 'resetThreshold':
        return { store: command.key };
    }
  }
}

const EFFECTS: Readonly<Record<OperatorCommand['kind'], string>> = {
  throttleApp: 'app throttled',
  unthrottleApp: 'app no longer throttled',
  skipHost: 'host skipped',
  recoverHost: 'host no longer skipped',
  exemptApp: 'app exempted',
  unexemptApp: 'app no longer exempted',
  setThreshold: 'threshold set',
  resetThreshold: 'threshold reset',
};

function until(expireAtMs: number): { readonly until: string } {
  return { until: expireAtMs === NO_EXPIRY ? 'removed' : new Date(expireAtMs).toISOString() };
}
