/**
 * The latest result of each benchmark, kept in a file beside the sources, and the page rendered
 * from it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Machine, thisMachine } from './machine.js';
import { asMarkdown, type Demand, demandsTable, type ReportTable } from './report.js';

/** From `dist/bench/support` to the folder `bench` of the sources. */
const FOLDER = new URL('../../../bench/', import.meta.url);
const RESULTS = fileURLToPath(new URL('results.json', FOLDER));
const REPORT = fileURLToPath(new URL('RESULTS.md', FOLDER));

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly quick: boolean;
  readonly tables: readonly ReportTable[];
}

interface KeptResult extends Result {
  /** Day of the run, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
}

export function keepResult(result: Result): void {
  const date = new Date().toISOString().slice(0, 10);
  const kept = { ...readResults(), [result.name]: { ...result, date, machine: thisMachine() } };
  writeFileSync(RESULTS, `${JSON.stringify(kept, null, 2)}\n`);
}

/** Renders what is kept, in that order of names. */
export function writeReport(names: readonly string[]): void {
  const kept = readResults();
  const results = names.flatMap((name) => kept[name] ?? []);
  const introduction = [
    '# Results of the benchmarks',
    '',
    'Written by `npm run bench -- --write`. Timings differ from machine to machine and ' +
      'from run to run; what is',
    'compared was measured side by side in the same run. `npm run bench -- --help` names ' +
      'the benchmarks.',
    '',
    asMarkdown(demandsTable('What was asked for, and what came out', demandsOf(results))),
  ].join('\n');
  writeFileSync(REPORT, [introduction, ...results.map(section)].join('\n'));
}

/** All that is asked for in these results. */
export function demandsOf(results: readonly Pick<Result, 'tables'>[]): Demand[] {
  return results.flatMap(({ tables }) => tables).flatMap(({ demands }) => demands ?? []);
}

function section({ title, date, machine, quick, tables }: KeptResult): string {
  const { cores, cpu, memoryGiB, platform, node } = machine;
  const where =
    `${date}, ${cores} cores of ${cpu}, ${memoryGiB} GiB, ${platform}, Node ` +
    `${node}${quick ? ', quick run' : ''}`;
  return [
    `## ${title[0]!.toUpperCase()}${title.slice(1)}`,
    '',
    `_${where}_`,
    '',
    ...tables.map(asMarkdown),
  ].join('\n');
}

function readResults(): Readonly<Record<string, KeptResult>> {
  if (!existsSync(RESULTS)) return {};
  return JSON.parse(readFileSync(RESULTS, 'utf8')) as Record<string, KeptResult>;
}
