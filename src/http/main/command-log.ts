/**
 * The audit log of the operators' commands: who sent which, why, and what came of it. It is the
 * record that explains, after the fact, why an app was denied or a host was not probed. Each node
 * logs the commands that it received from clients, not those that it applies for other nodes.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { LogBudget } from '../../base/log-budget.js';
import type { RefusedCommand } from '../../contracts/http.js';
import type { EventRecorder } from '../../contracts/reports.js';
import {
  COMMAND_EFFECTS,
  commandValues,
  type NamedValues,
  originValues,
} from '../../throttle/command-summary.js';
import {
  type AppKey,
  type CommandEffect,
  type CommandOrigin,
  isLifting,
  type OperatorCommand,
} from '../../throttle/commands.js';
import type { ThrottledApp } from '../../throttle/state.js';

/**
 * Of callers without a name: a script may send some hundreds, and a client in a loop must not fill
 * the disk. How much a caller with a name sends is bounded where its requests arrive.
 */
const LINES_MAX = 1_000;
const PERIOD_MS = 60_000;

/** Of a command whose outcome was not known in time. */
const UNKNOWN_STATUS = 504;

/** `unknown`: the command may still take effect. `refused`: it was not tried. */
type AuditOutcome = 'done' | 'failed' | 'unknown' | 'refused';

/** The entry of an app that is in force at `nowMs` (Unix time). */
export type EntryReader = (key: AppKey, nowMs: number) => ThrottledApp | undefined;

export class CommandLog {
  readonly #log: Logger;
  readonly #events: EventRecorder;
  readonly #entryOf: EntryReader;
  readonly #nodeName: () => string;
  readonly #budget = new LogBudget(LINES_MAX, PERIOD_MS);

  /** `nodeName`: of this node, as its peers name it. */
  constructor(log: Logger, events: EventRecorder, entryOf: EntryReader, nodeName: () => string) {
    this.#log = log;
    this.#events = events;
    this.#entryOf = entryOf;
    this.#nodeName = nodeName;
  }

  applied(command: OperatorCommand, { lifted }: CommandEffect): void {
    if (!this.#takeLine(command)) return;
    const { kind } = command;
    const lifts = isLifting(command) ? { lifted } : {};
    const effect = { command: kind, ...this.#effectOf(command), ...lifts, ...reasonOf(command) };
    this.#log.notice(this.#line('done', command, effect), COMMAND_EFFECTS[kind]);
  }

  /**
   * Consensus did not apply the command, or did not report the outcome in time: `error` is that of
   * the failure.
   */
  failed(command: OperatorCommand, status: number, error: string): void {
    this.#failed(command, { command: command.kind, ...commandValues(command) }, status, error);
  }

  /** This node has handed leadership over, as a client asked. */
  yielded(origin: CommandOrigin, leader: string): void {
    if (!this.#takeLine(origin)) return;
    const effect = { command: 'yieldLeadership', leader, ...reasonOf(origin) };
    this.#log.notice(this.#line('done', origin, effect), 'leadership handed over');
    const values = { ...this.#who(origin), leader, ...reasonOf(origin) };
    this.#events.record('command', 'leadership handed over', values);
  }

  /** As `failed`, for a hand-over. */
  notYielded(origin: CommandOrigin, status: number, error: string): void {
    this.#failed(origin, { command: 'yieldLeadership' }, status, error);
  }

  /** An HTTP worker refused the request, within a bound of its own. */
  refused(refusal: RefusedCommand): void {
    const node = this.#nodeName();
    this.#log.warn({ audit: true, outcome: 'refused', node, ...refusal }, 'command refused');
    const { client, caller, method, path, status, error } = refusal;
    const who = { client, ...(caller !== undefined && { caller }), node };
    const values = { ...who, method, path, status };
    this.#events.record('refused', `command refused: ${error}`, values);
  }

  /** A client has sent a token that is not known; each is reported once in a while. */
  unknownToken(client: string): void {
    const who = { client, node: this.#nodeName() };
    this.#log.warn({ audit: true, outcome: 'refused', ...who }, 'unknown token');
    this.#events.record('refused', 'unknown token', who);
  }

  #failed(origin: CommandOrigin, asked: NamedValues, status: number, error: string): void {
    if (!this.#takeLine(origin)) return;
    const outcome = status === UNKNOWN_STATUS ? 'unknown' : 'failed';
    const fields = { ...asked, ...reasonOf(origin), status, error };
    this.#log.warn(this.#line(outcome, origin, fields), 'command failed');
    const values = { ...this.#who(origin), ...asked, status };
    this.#events.record('refused', `command failed: ${error}`, values);
  }

  #takeLine({ caller }: CommandOrigin): boolean {
    return caller !== undefined || this.#budget.take(monotonicMs());
  }

  #line(outcome: AuditOutcome, origin: CommandOrigin, fields: object): object {
    return { audit: true, outcome, ...this.#who(origin), ...fields, ...this.#budget.fields() };
  }

  #who(origin: CommandOrigin): NamedValues {
    return { ...originValues(origin), node: this.#nodeName() };
  }

  /** The entry that is in force after the command: it may keep the time or the ratio it had. */
  #effectOf(command: OperatorCommand): object {
    if (command.kind !== 'throttleApp') return commandValues(command);
    const entry = this.#entryOf(command.key, Date.now());
    return { ...commandValues({ ...command, ...entry }) };
  }
}

function reasonOf({ reason }: CommandOrigin): NamedValues {
  return reason === undefined ? {} : { reason };
}
