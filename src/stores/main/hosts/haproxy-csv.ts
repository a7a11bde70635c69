/**
 * HAProxy's statistics as CSV (management.txt, section 9.1): the servers of each backend and their
 * status.
 */
import { finished } from 'node:stream/promises';
import { setImmediate as immediate } from 'node:timers/promises';
import type { CsvError } from 'csv-parse';

/** Far above any line of HAProxy. It bounds the memory that a page without line ends takes. */
const LINE_LENGTH_MAX = 64 * 1024;

/** About a millisecond of parsing. */
const SLICE_BYTES = 16 * 1024;

/** Column `type` of a server; listeners (`option socket-stats`) have rows among them. */
const TYPE_SERVER = '2';

export interface PoolServer {
  readonly name: string;
  /** The field `status`, unparsed: `UP 1/3`. */
  readonly status: string;
}

export interface HAProxyBackend {
  readonly servers: PoolServer[];
  /** The `BACKEND` row ends the rows of a backend: without it some may be missing. */
  complete: boolean;
}

/** By the name of the backend. */
export type Statistics = ReadonlyMap<string, HAProxyBackend>;

interface Columns {
  readonly pool: number;
  readonly server: number;
  readonly status: number;
  /** -1: there is none. */
  readonly type: number;
}

/** Parses a page as its chunks arrive. Throws when it is truncated or not a statistics page. */
export async function parseStatistics(chunks: AsyncIterable<Buffer>): Promise<Statistics> {
  // Loaded on first use: most nodes read no HAProxy.
  const { parse } = await import('csv-parse');
  const table = new CsvTable();
  const parser = parse({
    skip_empty_lines: true,
    max_record_size: LINE_LENGTH_MAX,
    // Each row is processed as it is parsed, so that its other fields take no memory.
    on_record: (row: string[]) => {
      table.add(row);
      return null;
    },
  });
  const parsed = finished(parser.resume());
  // Errors are checked after each chunk instead, so that the rest of a broken page is not awaited.
  parsed.catch(() => undefined);
  try {
    for await (const chunk of inSlices(chunks)) {
      parser.write(chunk);
      if (parser.errored !== null) throw parser.errored;
    }
    parser.end();
    await parsed;
  } catch (thrown) {
    throw isCsvError(thrown) ? new Error(csvFailure(thrown)) : thrown;
  }
  return table.finish();
}

/**
 * Parsing a large page takes a third of a second. The main thread must not be blocked for that
 * long, so it runs other work after each slice.
 */
async function* inSlices(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += SLICE_BYTES) {
      yield chunk.subarray(from, from + SLICE_BYTES);
      await immediate();
    }
  }
}

/** Collects the rows of a page: the servers of each backend. */
class CsvTable {
  readonly #pools = new Map<string, HAProxyBackend>();
  #columns: Columns | undefined;
  /**
   * Every page that HAProxy itself writes has rows of frontends and backends. Tools that imitate it
   * may list only servers.
   */
  #hasProxyRows = false;

  add(row: readonly string[]): void {
    if (this.#columns === undefined) this.#columns = columnsOf(row);
    else this.#addRow(row, this.#columns);
  }

  finish(): Statistics {
    if (this.#columns === undefined) throw new Error('the response is empty');
    if (!this.#hasProxyRows) for (const pool of this.#pools.values()) pool.complete = true;
    return this.#pools;
  }

  #addRow(row: readonly string[], columns: Columns): void {
    const name = row[columns.server]!;
    if (name === 'FRONTEND') {
      this.#hasProxyRows = true;
    } else if (name === 'BACKEND') {
      this.#hasProxyRows = true;
      this.#pool(row[columns.pool]!).complete = true;
    } else if (columns.type < 0 || row[columns.type] === TYPE_SERVER) {
      this.#pool(row[columns.pool]!).servers.push({ name, status: row[columns.status]! });
    }
  }

  #pool(name: string): HAProxyBackend {
    const present = this.#pools.get(name);
    if (present !== undefined) return present;
    const pool: HAProxyBackend = { servers: [], complete: false };
    this.#pools.set(name, pool);
    return pool;
  }
}

/** The first line: `# pxname,svname,…`. */
function columnsOf(header: readonly string[]): Columns {
  const names = header.map((name) => name.replace(/^[#\s]+/, '').trim());
  const columns = {
    pool: names.indexOf('pxname'),
    server: names.indexOf('svname'),
    status: names.indexOf('status'),
    type: names.indexOf('type'),
  };
  if (columns.pool < 0 || columns.server < 0 || columns.status < 0) {
    throw new Error(
      'the response is not a statistics page: it has no columns pxname, svname, status',
    );
  }
  return columns;
}

function isCsvError(thrown: unknown): thrown is CsvError {
  return thrown instanceof Error && /^CSV_/.test((thrown as NodeJS.ErrnoException).code ?? '');
}

function csvFailure(error: CsvError): string {
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
    case 'CSV_QUOTE_NOT_CLOSED':
      return `the CSV is truncated or malformed at line ${error.lines}`;
    default:
      return `the response is not CSV (${error.code})`;
  }
}
