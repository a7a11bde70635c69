/** `freno events`: what happened, oldest first; with `--follow` also what happens. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT, usageFailure } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { durationMs, isDuration, localTime, shortNumber } from '../output/quantities.js';
import { isJsonObject, type JsonObject, okJson } from '../servers/reply-body.js';
import { ServerGroup, withParameters } from '../servers/server-group.js';

export interface EventOptions {
  readonly since?: string;
  readonly limit?: string;
  readonly follow?: boolean;
}

const POLL_MS = 1_000;

/** Keys that have a place of their own in a line. */
const SHOWN_FIRST: ReadonlySet<string> = new Set(['At', 'Kind', 'Text']);

/** The longest name of a kind, `threshold`. */
const KIND_WIDTH = 9;

/** With `follow` only the first question must succeed: a fail-over is among what is followed. */
export async function events(
  { servers, output }: CommandContext,
  { since, limit, follow = false }: EventOptions,
  pollMs = POLL_MS,
): Promise<number> {
  let from = since === undefined ? undefined : sinceTime(since);
  const group = new ServerGroup(servers);
  /** Of the latest time: they come again with the next question, which includes that time. */
  let printed = new Set<string>();
  let found = await read(group, from, limit);
  let failure = '';
  for (;;) {
    const fresh = found.filter((event) => !printed.has(JSON.stringify(event)));
    write(output, fresh);
    if (!follow) return EXIT.ok;
    const latest = found.at(-1)?.At;
    if (typeof latest === 'string') {
      from = latest;
      const same = found.filter(({ At }) => At === latest);
      printed = new Set(same.map((event) => JSON.stringify(event)));
    }
    do {
      await delay(pollMs);
      const before = failure;
      [found, failure] = await readAgain(group, from, limit);
      if (failure !== '' && failure !== before) output.note(failure);
    } while (failure !== '');
  }
}

/** The events, and why there are none now; empty: they were read. */
async function readAgain(
  ...question: Parameters<typeof read>
): Promise<[found: JsonObject[], failure: string]> {
  try {
    return [await read(...question), ''];
  } catch (error) {
    if (error instanceof CommandFailure) return [[], error.message];
    throw error;
  }
}

/** RFC 3339, or how long ago. */
function sinceTime(text: string): string {
  if (isTime(text)) return text;
  if (!isDuration(text)) {
    throw usageFailure(
      '--since: must be a duration such as 10m or 2h, or a time as RFC 3339 such as ' +
        `2026-11-23T02:41:14Z, got ${JSON.stringify(text)}`,
    );
  }
  return new Date(Date.now() - durationMs('--since', text, 'm')).toISOString();
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text));
}

async function read(
  group: ServerGroup,
  since: string | undefined,
  limit: string | undefined,
): Promise<JsonObject[]> {
  const path = withParameters('/events', { since, limit });
  const body = await okJson(group, await group.askLeader(path), { name: '/events' });
  if (Array.isArray(body)) return body.filter(isJsonObject);
  throw new CommandFailure(EXIT.failed, '/events: expected a list of events');
}

function write(output: Output, events: readonly JsonObject[]): void {
  for (const event of events) {
    if (output.isJson) output.json(event);
    else output.lines(eventText(event));
  }
}

/** `12:41:07  command    app throttled  App=archiver  Ratio=0.5`: nothing twice. */
function eventText(event: JsonObject): string {
  const text = String(event.Text ?? '');
  const fields = Object.entries(event).filter(
    ([key, value]) => !SHOWN_FIRST.has(key) && !isSaid(text, value),
  );
  const details = fields.map(([key, value]) => `${key}=${fieldText(value)}`);
  const kind = String(event.Kind ?? 'event').padEnd(KIND_WIDTH);
  // A sentence has its times in UTC; all others of the line are local.
  const sentence = text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => localTime(time));
  const parts = [localTime(String(event.At)), kind, ...(text === '' ? [] : [sentence]), ...details];
  return printable(parts.join('  '));
}

/** Whether the sentence of an event has the value already, a number perhaps with fewer digits. */
function isSaid(text: string, value: unknown): boolean {
  const words = text.split(/[\s,;]+/).map((word) => word.replace(/:$/, ''));
  if (typeof value === 'string') {
    return words.includes(value) || (value.includes(' ') && text.includes(value));
  }
  if (typeof value !== 'number') return false;
  return words.some((word) => {
    const digits = /^-?\d+(?:\.(\d+))?$/.exec(word)?.[1]?.length ?? 0;
    return word !== '' && Number(word) === Number(value.toFixed(digits));
  });
}

function fieldText(value: unknown): string {
  if (typeof value === 'number') return shortNumber(value);
  if (typeof value === 'string' && isTime(value)) return localTime(value);
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}
