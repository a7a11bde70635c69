/** The output of the demo as lines of text: a live screen for a terminal, else one plain line. */
import type { CheckResponse, KnownMetric } from './writer.js';

export interface NodeView {
  readonly url: string;
  readonly running: boolean;
  readonly leading: boolean;
}

export interface ReplicaView {
  readonly host: string;
  readonly lagS: number;
  /** Undefined: it is not skipped. */
  readonly skippedForS?: number | undefined;
}

/** The latest failover. Nodes are numbered from 1. */
export interface FailoverView {
  readonly killedNode: number;
  /** How long there was no leader, or has been none until now. */
  readonly leaderlessMs: number;
  /** Undefined while there is none. */
  readonly newLeader: number | undefined;
}

/** One moment of the demo. */
export interface DemoView {
  readonly elapsedS: number;
  readonly nodes: readonly NodeView[];
  readonly failover: FailoverView | undefined;
  readonly replicas: readonly ReplicaView[];
  /** Throttles, exemptions and set thresholds, in words. */
  readonly inForce: readonly string[];
  readonly worstLagS: number;
  /** What it would be beside a client that does not ask. */
  readonly worstLagWithoutS: number;
  readonly response: CheckResponse;
  readonly metric: KnownMetric;
  readonly recent: readonly number[];
  readonly statuses: ReadonlyMap<number, number>;
  readonly rows: number;
  readonly rowsPerS: number;
  readonly waitedMs: number;
  readonly currentWaitMs: number;
  readonly longestWaitMs: number;
}

/** Wraps text in the escape codes of a style, or not. */
export type Paint = (style: Style, text: string) => string;

type Style = 'good' | 'bad' | 'broken' | 'strong' | 'faint';

const STYLES: Readonly<Record<Style, string>> = {
  good: '32',
  bad: '33',
  broken: '31',
  strong: '1',
  faint: '2',
};

export const withColours: Paint = (style, text) => `\x1b[${STYLES[style]}m${text}\x1b[0m`;
export const plain: Paint = (_style, text) => text;

const BAR_SCALE_S = 2;
const LABEL_WIDTH = 18;
const NUMBER_WIDTH = 9;
/** What a line holds besides its bar: the label, the number, the blanks. */
const BESIDE_BAR = LABEL_WIDTH + NUMBER_WIDTH + 4;

/** The numbers of the parts, and the URL for clients. */
export interface DemoSetup {
  readonly replicas: number;
  readonly nodes: number;
  readonly url: string;
  readonly checkPath: string;
}

/**
 * What the demo shows and which keys it has: printed once, at the start. Together with the screen
 * it fits in 80 columns and 24 rows.
 */
export function introduction(
  { replicas, nodes, url, checkPath }: DemoSetup,
  keys: boolean,
): string[] {
  return [
    `Open ${url}/ in a browser: the page of freno.`,
    `${replicas} simulated MySQL replicas, ${nodes} freno nodes whose leader probes them, and a`,
    'client that checks with freno before each batch. While the worst lag is above',
    'the threshold the response is 429: the client waits, the replicas catch up.',
    `Try it yourself:  F=${url}; curl -i $F${checkPath}`,
    keys
      ? 'Press k to kill the leader, q or Ctrl-C to quit.'
      : 'Press Ctrl-C to quit; --kill-leader-every N kills the leader every N seconds.',
  ];
}

/** The screen cut to that many rows: first its blank lines are removed, then lines at the top. */
export function fitToRows(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return lines.filter((line) => line !== '').slice(-Math.max(1, rows));
}

/** The live screen, at most `columns` wide. */
export function screenLines(view: DemoView, columns: number, paint: Paint): string[] {
  const width = Math.max(10, Math.min(columns, 120) - BESIDE_BAR);
  return [
    ...clusterLines(view, paint),
    `${'replica'.padEnd(LABEL_WIDTH)} ${'lag'.padStart(NUMBER_WIDTH)}  ${scale(view, width)}`,
    ...view.replicas.map((replica) => replicaLine(replica, view.metric.threshold, width, paint)),
    '',
    clusterMetricLine(view.metric, paint),
    withoutLine(view, paint),
    ...inForceLines(view, paint),
    `${label('response')} ${responseText(view.response, paint)}`,
    `${label('last responses')} ${history(view.recent, width, paint)}  ${legend(paint)}`,
    `${label('client')} ${activity(view, paint)}`,
    `${label('')} ${rows(view)}, waited ${waiting(view)}`,
  ];
}

/** The same moment for a pipe or a log. */
export function plainLine(view: DemoView): string {
  const lags = view.replicas.map(({ lagS }) => lagS.toFixed(2)).join(' ');
  const { status, message } = view.response;
  const { value, threshold } = view.metric;
  const leader = view.nodes.findIndex(({ leading }) => leading) + 1;
  return [
    `${view.elapsedS.toFixed(0).padStart(3)} s`,
    ...(view.nodes.length > 1 ? [leader === 0 ? 'no leader' : `leader freno ${leader}`] : []),
    `lag ${lags} s`,
    `main ${value.toFixed(2)} of ${threshold.toFixed(2)}`,
    `without freno ${view.worstLagWithoutS.toFixed(2)} s`,
    ...view.inForce,
    ...view.replicas.flatMap((replica) => skippedTexts(replica)),
    `response ${status}${message === '' ? '' : ` ${message}`}`,
    `${rows(view)}, waited ${waiting(view)}`,
    ...(view.failover === undefined ? [] : [failoverText(view.failover)]),
  ].join(' | ');
}

/** The totals, printed at the end. */
export function summary(view: DemoView): string[] {
  const { elapsedS, statuses } = view;
  const responses = [...statuses]
    .filter(([status]) => status !== 0)
    .sort(([left], [right]) => left - right)
    .map(([status, count]) => `${count} x ${status}`);
  const noResponse = statuses.get(0) ?? 0;
  if (noResponse > 0) responses.push(`${noResponse} x no response`);
  const rowsPerS = elapsedS === 0 ? 0 : view.rows / elapsedS;
  return [
    `In ${elapsedS.toFixed(1)} s the client received ${responses.join(', ')};`,
    `it wrote ${rows({ ...view, rowsPerS })} and waited ${waiting(view)}.`,
  ];
}

function clusterLines({ nodes, failover }: DemoView, paint: Paint): string[] {
  if (nodes.length === 1) return [];
  const last = failover === undefined ? 'none yet' : failoverText(failover);
  const style = failover?.newLeader === undefined && failover !== undefined ? 'broken' : 'faint';
  return [
    ...nodes.map((node, index) => nodeLine(node, index + 1, paint)),
    `${label('failover')} ${paint(style, last)}`,
    '',
  ];
}

function nodeLine({ url, running, leading }: NodeView, number: number, paint: Paint): string {
  const role = leading ? paint('good', 'leader') : running ? 'follower' : paint('broken', 'killed');
  return `${label(`freno ${number}`)} ${url.replace('http://', '').padEnd(16)} ${role}`;
}

function failoverText({ killedNode, leaderlessMs, newLeader }: FailoverView): string {
  const time = `${(leaderlessMs / 1000).toFixed(2)} s`;
  return newLeader === undefined
    ? `freno ${killedNode} was killed: no leader for ${time} now`
    : `freno ${killedNode} was killed: freno ${newLeader} became leader ${time} later`;
}

function clusterMetricLine({ value, threshold }: KnownMetric, paint: Paint): string {
  const allowed = seconds(threshold).trim();
  const lag = paint('strong', seconds(value));
  return `${label('cluster main')} ${lag}  highest lag, of ${allowed} allowed`;
}

function replicaLine(replica: ReplicaView, threshold: number, width: number, paint: Paint): string {
  const { host, lagS } = replica;
  const [skipped] = skippedTexts(replica);
  if (skipped !== undefined) return `${label(host)} ${paint('faint', seconds(lagS))}  ${skipped}`;
  const filled = Math.min(width, Math.round((lagS / BAR_SCALE_S) * width));
  const style = lagS > threshold ? 'bad' : 'good';
  const rest = '·'.repeat(width - filled);
  const bar = paint(style, '█'.repeat(filled)) + paint('faint', rest);
  return `${label(host)} ${paint(style, seconds(lagS))}  ${bar}`;
}

/** What the same work does to the same replicas when its client does not ask. */
function withoutLine({ worstLagS, worstLagWithoutS }: DemoView, paint: Paint): string {
  const lag = paint(worstLagWithoutS > 1 ? 'bad' : 'good', seconds(worstLagWithoutS));
  const now = seconds(worstLagS).trim();
  return `${label('without freno')} ${lag}  if the client did not ask (with: ${now})`;
}

function inForceLines({ inForce }: DemoView, paint: Paint): string[] {
  if (inForce.length === 0) return [];
  return [`${label('in force')} ${paint('strong', inForce.join(', '))}`];
}

function skippedTexts({ host, skippedForS }: ReplicaView): string[] {
  return skippedForS === undefined ? [] : [`${host} skipped, ${Math.ceil(skippedForS)} s left`];
}

/** The ruler above the bars, with the threshold marked. */
function scale({ metric }: DemoView, width: number): string {
  const at = Math.min(width - 1, Math.round((metric.threshold / BAR_SCALE_S) * width));
  return `0${' '.repeat(Math.max(0, at - 1))}▼ threshold`;
}

function responseText({ status, message }: CheckResponse, paint: Paint): string {
  if (status === 200) return paint('good', '200 OK: go on');
  if (status === 0) return paint('broken', message);
  return paint(status === 429 ? 'bad' : 'broken', `${status} ${message}: wait`);
}

const LEGEND = [
  [200, '200'],
  [429, '429'],
  [0, 'other'],
] as const;

const LEGEND_WIDTH = LEGEND.reduce((sum, [, name]) => sum + name.length + 3, 1);

function statusSymbol(status: number, paint: Paint): string {
  if (status === 200) return paint('good', '▂');
  return status === 429 ? paint('bad', '▆') : paint('broken', '×');
}

/**
 * The latest responses, as wide as the number and the bar of a replica together with the legend
 * beside them.
 */
function history(recent: readonly number[], width: number, paint: Paint): string {
  const shown = Math.max(5, width + NUMBER_WIDTH + 2 - LEGEND_WIDTH);
  const symbols = recent.slice(-shown).map((status) => statusSymbol(status, paint));
  return symbols.join('') + ' '.repeat(shown - symbols.length);
}

function legend(paint: Paint): string {
  return LEGEND.map(([status, name]) => `${statusSymbol(status, paint)} ${name}`).join(' ');
}

function activity({ currentWaitMs, rowsPerS }: DemoView, paint: Paint): string {
  if (currentWaitMs > 0)
    return paint('bad', `waits, for ${(currentWaitMs / 1000).toFixed(1)} s now`);
  return paint('good', `writes, ${rowsPerS.toFixed(0)} rows/s`);
}

function rows({ rows: written, rowsPerS }: Pick<DemoView, 'rows' | 'rowsPerS'>): string {
  return `${written.toLocaleString('en')} rows (${rowsPerS.toFixed(0)}/s)`;
}

function waiting({ waitedMs, longestWaitMs, elapsedS }: DemoView): string {
  const share = elapsedS === 0 ? 0 : Math.min(100, waitedMs / elapsedS / 10);
  const longestS = (longestWaitMs / 1000).toFixed(1);
  return `${(waitedMs / 1000).toFixed(1)} s (${share.toFixed(0)} %), longest ${longestS} s`;
}

function label(text: string): string {
  return text.slice(0, LABEL_WIDTH).padEnd(LABEL_WIDTH);
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`.padStart(NUMBER_WIDTH);
}
