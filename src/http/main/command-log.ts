/**
 * The log of the operators' commands: who sent which, why, and what came of it. It is the record
 * that explains, after the fact, why an app was denied or a host was not probed. Each node logs the
 * commands that it received from clients, not those that it applies for other nodes.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { LogBudget } from '../../base/log-budget.js';
import type { RefusedCommand } from '../../contracts/http.js';
import type { EventRecorder } from '../../contracts/reports.js';
import { COMMAND_EFFECTS, commandValues, originValues } from '../../throttle/command-summary.js';
import type { AppKey, CommandOrigin, OperatorCommand } from '../../throttle/commands.js';
import type { ThrottledApp } from '../../throttle/state.js';

/** A script may send some hundreds; a client in a loop must not fill the disk. */
const LINES_MAX = 1_000;
const PERIOD_MS = 60_000;

/** The entry of an app that is in force at `nowMs` (Unix time). */
export type EntryReader = (key: AppKey, nowMs: number) => ThrottledApp | undefined;

export class CommandLog {
  readonly #log: Logger;
  readonly #events: EventRecorder;
  readonly #entryOf: EntryReader;
  readonly #budget = new LogBudget(LINES_MAX, PERIOD_MS);

  constructor(log: Logger, events: EventRecorder, entryOf: EntryReader) {
    this.#log = log;
    this.#events = events;
    this.#entryOf = entryOf;
  }

  applied(command: OperatorCommand): void {
    if (!this.#budget.take(monotonicMs())) return;
    const { reason } = command;
    const fields = { ...originValues(command), ...this.#effectOf(command) };
    const said = { ...(reason !== undefined && { reason }), ...this.#budget.fields() };
    this.#log.notice({ ...fields, ...said }, COMMAND_EFFECTS[command.kind]);
  }

  /**
   * Consensus did not apply the command, or did not report the outcome in time: `reason` is that of
   * the failure.
   */
  failed(command: OperatorCommand, status: number, reason: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const asked = { ...originValues(command), command: command.kind, ...commandValues(command) };
    this.#log.warn({ ...asked, status, reason, ...this.#budget.fields() }, 'command failed');
    const values = { ...originValues(command), ...commandValues(command), status };
    this.#events.record('refused', `command failed: ${reason}`, values);
  }

  /** This node has handed leadership over, as a client asked. */
  yielded(origin: CommandOrigin, leader: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const { reason } = origin;
    const fields = { ...originValues(origin), leader, ...(reason !== undefined && { reason }) };
    this.#log.notice({ ...fields, ...this.#budget.fields() }, 'leadership handed over');
  }

  /** As `failed`, for a hand-over. */
  notYielded(origin: CommandOrigin, status: number, reason: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const asked = { ...originValues(origin), command: 'yieldLeadership' };
    this.#log.warn({ ...asked, status, reason, ...this.#budget.fields() }, 'command failed');
  }

  /** An HTTP worker refused the request, within a bound of its own. */
  refused(refusal: RefusedCommand): void {
    this.#log.warn({ ...refusal }, 'command refused');
    const { client, method, path, status, reason } = refusal;
    this.#events.record('refused', `command refused: ${reason}`, { client, method, path, status });
  }

  /** The entry that is in force after the command: it may keep the time or the ratio it had. */
  #effectOf(command: OperatorCommand): object {
    if (command.kind !== 'throttleApp') return commandValues(command);
    const entry = this.#entryOf(command.key, Date.now());
    return { ...commandValues({ ...command, ...entry }) };
  }
}
