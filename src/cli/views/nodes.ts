/** The nodes of `/cluster` as a table. */
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { shortDuration, signedDuration } from '../output/quantities.js';
import { type Column, tableLines } from '../output/table.js';
import { isJsonObject, type JsonObject } from '../servers/reply-body.js';

/** A clock that differs by more than this is worth a look at NTP. */
const CLOCK_DIFFERENCE_MAX_MS = 1_000;

const COLUMNS: readonly Column[] = [
  { title: 'NODE' },
  { title: 'ROLE' },
  { title: 'TERM', right: true },
  { title: 'APPLIED', right: true },
  { title: 'HEARD', right: true },
  { title: 'VERSION' },
  { title: 'CONFIG' },
  { title: 'CLOCK', right: true },
  { title: '' },
];

export function nodeLines(output: Pick<Output, 'paint'>, { Nodes: nodes }: JsonObject): string[] {
  const rows = (Array.isArray(nodes) ? nodes : []).filter(isJsonObject);
  return tableLines(
    COLUMNS,
    rows.map((node) => nodeRow(output, node)),
  );
}

function nodeRow({ paint }: Pick<Output, 'paint'>, node: JsonObject): string[] {
  const { Role, SameConfig, ClockDifferenceMillis: clockMs, LastContactMillis: heardMs } = node;
  const error = text(node.Error);
  return [
    text(node.Node),
    Role === 'Leader' ? paint('good', 'Leader') : error === '' ? text(Role) : paint('broken', '-'),
    text(node.Term),
    text(node.AppliedIndex),
    typeof heardMs === 'number' ? (heardMs === 0 ? '-' : `${shortDuration(heardMs)} ago`) : '-',
    text(node.Version),
    SameConfig === null ? '-' : SameConfig === true ? 'same' : paint('bad', 'differs'),
    typeof clockMs === 'number' ? clockText(paint, clockMs) : '-',
    error === '' ? refusedText(paint, node.Refused) : paint('broken', error),
  ];
}

/** Another host may have used the name of a node that is well. */
function refusedText(paint: Output['paint'], refused: unknown): string {
  return refused === undefined ? '' : paint('bad', `refused in its name: ${text(refused)}`);
}

function clockText(paint: Output['paint'], differenceMs: number): string {
  const shown = signedDuration(differenceMs);
  return Math.abs(differenceMs) > CLOCK_DIFFERENCE_MAX_MS ? paint('bad', shown) : shown;
}

function text(value: unknown): string {
  return value === null || value === undefined ? '-' : printable(String(value));
}
