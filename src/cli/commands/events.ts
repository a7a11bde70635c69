/** `freno events`: what happened, oldest first; with `--follow` also what happens. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { durationMs, localTime } from '../output/quantities.js';
import { isJsonObject, type JsonObject, okJson } from '../servers/reply-body.js';
import { type ServerGroup, withParameters } from '../servers/server-group.js';

export interface EventOptions {
  readonly since?: string;
  readonly limit?: string;
  readonly follow?: boolean;
}

const POLL_MS = 1_000;

/** Keys that have a place of their own in a line. */
const SHOWN_FIRST: ReadonlySet<string> = new Set(['At', 'Kind']);

export async function events(
  { group, output }: CommandContext,
  { since, limit, follow = false }: EventOptions,
): Promise<number> {
  let from = since === undefined ? undefined : sinceTime(since);
  /** Of the latest time: they come again with the next question, which includes that time. */
  let printed = new Set<string>();
  for (;;) {
    const found = await read(group, from, limit);
    const fresh = found.filter((event) => !printed.has(JSON.stringify(event)));
    write(output, fresh);
    if (!follow) return EXIT.ok;
    const latest = found.at(-1)?.At;
    if (typeof latest === 'string') {
      from = latest;
      const same = found.filter(({ At }) => At === latest);
      printed = new Set(same.map((event) => JSON.stringify(event)));
    }
    await delay(POLL_MS);
  }
}

/** RFC 3339, or how long ago. */
function sinceTime(text: string): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  return new Date(Date.now() - durationMs('--since', text, 'm')).toISOString();
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

/** `12:41:07  throttleApp  app=archiver ratio=1`. */
function eventText(event: JsonObject): string {
  const fields = Object.entries(event).filter(([key]) => !SHOWN_FIRST.has(key));
  const details = fields.map(([key, value]) => `${key}=${fieldText(value)}`);
  const kind = String(event.Kind ?? 'event');
  return printable([localTime(String(event.At)), kind, ...details].join('  '));
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}
