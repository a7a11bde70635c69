/**
 * Writes a command to the tables: its entry, what was said of it, and its record. The entry is one
 * statement, which alone decides whether the command has taken effect.
 */
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { isPrivilegeError } from '../../base/mysql/failure.js';
import {
  type CommandEffect,
  hasNote,
  isLifting,
  NO_EFFECT,
  type OperatorCommand,
} from '../../throttle/commands.js';
import type { BackendConnection } from './backend-connection.js';
import { BackendError, commandError, SERVER_ERROR } from './backend-error.js';
import { noteStatementOf, ownStatementOf, recordOf } from './own-statements.js';
import type { OwnTable, OwnTables } from './own-tables.js';
import { type BackendStatement, statementOf } from './statements.js';
import type { Tables } from './tables.js';
import { TransitionLog } from './transition-log.js';

export class CommandWriter {
  readonly #connection: BackendConnection;
  readonly #own: OwnTables;
  readonly #faults: TransitionLog;

  constructor(connection: BackendConnection, own: OwnTables, log: Logger) {
    this.#connection = connection;
    this.#own = own;
    this.#faults = new TransitionLog(log, 'MySQL backend: recording commands');
  }

  /** Rejects with a `FrenoError`, as a client gets it. */
  async write(command: OperatorCommand, tables: Tables): Promise<CommandEffect> {
    const rows = await this.#change(command, tables);
    await this.#note(command);
    const lifts = isLifting(command);
    if (!lifts || rows > 0) await this.#record(command);
    return lifts ? { lifted: rows } : NO_EFFECT;
  }

  async #change(command: OperatorCommand, tables: Tables): Promise<number> {
    try {
      const needed = neededTable(command);
      if (needed !== null) await this.#own.require(needed);
      const statement = entryStatementOf(command, tables);
      try {
        return await this.#execute(statement);
      } catch (error) {
        if (needed === null || !isTableFault(error)) throw error;
        this.#own.lost(needed, error);
        await this.#own.require(needed);
        return await this.#execute(statement);
      }
    } catch (error) {
      throw error instanceof FrenoError ? error : commandError(error);
    }
  }

  async #note(command: OperatorCommand): Promise<void> {
    if (command.kind !== 'throttleApp' && command.kind !== 'skipHost') return;
    if (!this.#own.has('freno_notes')) return;
    try {
      await this.#execute(noteStatementOf(command));
    } catch (error) {
      if (isTableFault(error)) this.#own.lost('freno_notes', error);
      if (isTableFault(error) && !hasNote(command)) return;
      throw new FrenoError(
        'OUTCOME_UNKNOWN',
        `MySQL backend: written, but not its reason and owner: ${messageOf(error)}`,
      );
    }
  }

  /** A record that is missing changes nothing: its failure is logged. */
  async #record(command: OperatorCommand): Promise<void> {
    if (!this.#own.has('freno_commands')) return;
    try {
      await this.#execute(recordOf(command));
      this.#faults.succeeded();
    } catch (error) {
      this.#faults.failed(error);
    }
  }

  #execute({ sql, values }: BackendStatement): Promise<number> {
    return this.#connection.change(sql, values);
  }
}

function entryStatementOf(command: OperatorCommand, tables: Tables): BackendStatement {
  switch (command.kind) {
    case 'exemptApp':
    case 'unexemptApp':
    case 'setThreshold':
    case 'resetThreshold':
      return ownStatementOf(command);
    default:
      return statementOf(command, tables.nullableExpiry);
  }
}

/** The table without which the command could only be misread; null: none. */
function neededTable(command: OperatorCommand): OwnTable | null {
  switch (command.kind) {
    case 'exemptApp':
    case 'unexemptApp':
      return 'freno_exempted_apps';
    case 'setThreshold':
    case 'resetThreshold':
      return 'freno_thresholds';
    case 'throttleApp':
    case 'skipHost':
      return hasNote(command) ? 'freno_notes' : null;
    default:
      return null;
  }
}

/** Whether the table of the statement is gone, or the user may not use it any more. */
function isTableFault(error: unknown): error is BackendError {
  return (
    error instanceof BackendError &&
    error.fault === 'refused' &&
    (error.errno === SERVER_ERROR.noSuchTable || isPrivilegeError(error))
  );
}
