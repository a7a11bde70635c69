/** Results of benchmarks as data, as a table for the terminal and as a table in Markdown. */

export interface ReportColumn {
  readonly key: string;
  readonly title: string;
  /** Digits after the point, of numbers. */
  readonly digits?: number;
}

export type ReportValue = string | number | null;

/** A requirement and the measured number; the reader compares them. */
export interface Demand {
  /** With the unit, if there is one. */
  readonly what: string;
  /** In words: `at least 0.72`. */
  readonly demanded: string;
  readonly measured: number;
  /** Digits after the point. */
  readonly digits?: number;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: ReadonlyArray<Readonly<Record<string, ReportValue>>>;
  /** How it was measured and what to mind. */
  readonly notes: readonly string[];
  /** None unless given. */
  readonly demands?: readonly Demand[];
}

/** Demands and results side by side. */
export function demandsTable(title: string, demands: readonly Demand[]): ReportTable {
  return {
    title,
    columns: [
      { key: 'what', title: 'what' },
      { key: 'demanded', title: 'asked for' },
      { key: 'measured', title: 'measured' },
    ],
    rows: demands.map(({ what, demanded, measured, digits = 0 }) => ({
      what,
      demanded,
      measured: format(measured, { key: 'measured', title: '', digits }),
    })),
    notes: [],
  };
}

/** The table with its columns aligned. */
export function asText(table: ReportTable): string {
  const cells = [
    table.columns.map(({ title }) => title),
    ...table.rows.map((row) => table.columns.map((column) => format(row[column.key], column))),
  ];
  const widths = table.columns.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const lines = cells.map((row) => {
    const aligned = row.map((cell, at) =>
      isText(table, at) ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!),
    );
    return `  ${aligned.join('  ')}`.trimEnd();
  });
  return [table.title, ...lines, ...table.notes.map((note) => `  * ${note}`), ''].join('\n');
}

export function asMarkdown(table: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${table.title}`,
    '',
    line(table.columns.map(({ title }) => title)),
    line(table.columns.map((_, at) => (isText(table, at) ? '---' : '---:'))),
    ...table.rows.map((row) =>
      line(table.columns.map((column) => format(row[column.key], column))),
    ),
    '',
    ...table.notes.map((note) => `- ${note}`),
    ...(table.notes.length > 0 ? [''] : []),
  ].join('\n');
}

function format(value: ReportValue | undefined, { digits }: ReportColumn): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '–';
  if (typeof value === 'string') return value;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits ?? 0,
    maximumFractionDigits: digits ?? 0,
  });
}

function isText(table: ReportTable, at: number): boolean {
  const { key } = table.columns[at]!;
  return table.rows.some((row) => typeof row[key] === 'string');
}
