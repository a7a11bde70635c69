/**
 * One SQLite connection: promises for opening and closing, callbacks for the statements between,
 * because the driver orders its work by callbacks (see `driver-types.ts`).
 */
import sqlite3 from 'sqlite3';

export type SqlRow = Readonly<Record<string, unknown>>;
export type SqlValue = string | number | Uint8Array | null;

/**
 * Statements run one at a time in the order of the calls (serialized mode): without it node-sqlite3
 * completes them in any order. Only single statements, each its own transaction, and `exec` texts
 * that hold a whole transaction may go through it: a transaction that is open across calls would
 * include the statements of other callers.
 */
export class Connection {
  readonly #database: sqlite3.Database;
  readonly #statements: PreparedStatement[] = [];

  private constructor(database: sqlite3.Database) {
    this.#database = database;
    database.serialize();
  }

  static open(path: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const flags = sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
      const database = new sqlite3.Database(path, flags, (error) => {
        if (error === null) resolve(new Connection(database));
        else reject(error);
      });
    });
  }

  prepare(sql: string): Promise<PreparedStatement> {
    return new Promise((resolve, reject) => {
      const prepared: sqlite3.Statement = this.#database.prepare(sql, (error: Error | null) => {
        if (error !== null) return reject(error);
        const statement = new PreparedStatement(prepared);
        this.#statements.push(statement);
        resolve(statement);
      });
    });
  }

  all(sql: string, ...parameters: readonly SqlValue[]): Promise<SqlRow[]> {
    return new Promise((resolve, reject) => {
      this.#database.all(sql, [...parameters], (error: Error | null, rows: SqlRow[]) =>
        error === null ? resolve(rows) : reject(error),
      );
    });
  }

  execute(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.exec(sql, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** All of the statements or none of them. */
  transaction(statements: readonly string[], next: (error: Error | null) => void): void {
    this.exec(`BEGIN IMMEDIATE; ${statements.join('; ')}; COMMIT`, (error) => {
      if (error === null) return next(null);
      // Nothing is written after an error; the rollback only ends the open transaction.
      this.exec('ROLLBACK', () => next(error));
    });
  }

  /** Runs all statements of `sql`, with no others in between. */
  exec(sql: string, done: (error: Error | null) => void): void {
    this.#database.exec(sql, done);
  }

  /** Waits for running statements, then closes; SQLite checkpoints the write-ahead log. */
  async close(): Promise<void> {
    for (const statement of this.#statements) await statement.finalize();
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error === null ? resolve() : reject(error)));
    });
  }
}

/** A prepared statement. Parameters beyond those given are NULL. */
export class PreparedStatement {
  constructor(private readonly statement: sqlite3.Statement) {}

  run(parameters: readonly SqlValue[], done: (error: Error | null) => void): void {
    this.statement.run(parameters, done);
  }

  get(parameters: readonly SqlValue[], done: (error: Error | null, row?: SqlRow) => void): void {
    // Not `get`: that leaves the statement stepped, with its read transaction, until it is reset,
    // and a checkpoint fails meanwhile.
    this.statement.all([...parameters], (error: Error | null, rows: SqlRow[] | undefined) =>
      error === null ? done(null, rows?.[0]) : done(error),
    );
  }

  finalize(): Promise<void> {
    return new Promise((resolve) => {
      this.statement.finalize(() => resolve());
    });
  }
}
