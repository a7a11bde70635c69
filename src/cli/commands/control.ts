/** The operators' commands: one request each, which the server confirms or refuses. */
import { userInfo } from 'node:os';
import type { CommandContext } from '../context.js';
import { EXIT, usageFailure } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { wholeMinutes } from '../output/quantities.js';
import { isJsonObject, type JsonObject, okObject } from '../servers/reply-body.js';
import { COMMAND_TIMEOUT_MS, pathOf, type Reply, withParameters } from '../servers/server-group.js';
import { appOf, type StoreName, storeText } from '../target.js';

/** Options of every command that changes something. */
export interface NoteOptions {
  readonly reason?: string | undefined;
  readonly owner?: string | undefined;
}

interface TtlOptions extends NoteOptions {
  readonly ttl?: string;
}

interface StoreOptions {
  readonly store?: string;
}

export interface ThrottleOptions extends TtlOptions, StoreOptions {
  readonly ratio?: string;
}

export interface ThresholdOptions extends TtlOptions {
  readonly metric?: string;
}

/** A request that changes something. */
interface CommandRequest {
  /** As in the documentation: `/throttle-app`. */
  readonly name: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly note: NoteOptions;
  /** What the command has done, in words. */
  readonly done: string;
}

export function throttle(context: CommandContext, app: string, options: ThrottleOptions) {
  const { ttl, ratio, store, ...note } = options;
  const path =
    pathOf('throttle-app', appOf('APP', app)) +
    (ttl === undefined ? '' : pathOf('ttl', String(wholeMinutes('--ttl', ttl)))) +
    (ratio === undefined ? '' : pathOf('ratio', ratio));
  const query = { store_name: store };
  return control(context, { name: '/throttle-app', path, query, note, done: `${app} throttled` });
}

export function unthrottle(
  context: CommandContext,
  app: string,
  options: StoreOptions & NoteOptions,
) {
  return liftApp(context, '/unthrottle-app', app, options, 'no longer throttled');
}

export function exempt(context: CommandContext, app: string, options: TtlOptions & StoreOptions) {
  const { ttl, store, ...note } = options;
  const path =
    pathOf('exempt-app', appOf('APP', app)) +
    (ttl === undefined ? '' : pathOf('ttl', String(wholeMinutes('--ttl', ttl))));
  const query = { store_name: store };
  return control(context, { name: '/exempt-app', path, query, note, done: `${app} exempted` });
}

export function unexempt(
  context: CommandContext,
  app: string,
  options: StoreOptions & NoteOptions,
) {
  return liftApp(context, '/unexempt-app', app, options, 'no longer exempted');
}

export function skip(context: CommandContext, host: string, { ttl, ...note }: TtlOptions) {
  const path =
    pathOf('skip-host', hostOf(host)) +
    (ttl === undefined ? '' : pathOf('ttl', String(wholeMinutes('--ttl', ttl))));
  return control(context, { name: '/skip-host', path, note, done: `${host} skipped` });
}

export function recover(context: CommandContext, host: string, note: NoteOptions) {
  const path = pathOf('recover-host', hostOf(host));
  return control(context, { name: '/recover-host', path, note, done: `${host} no longer skipped` });
}

export function setThreshold(
  context: CommandContext,
  store: StoreName,
  value: string,
  { ttl, metric, ...note }: ThresholdOptions,
) {
  const path =
    pathOf('set-threshold', store.type, store.name, value) +
    (metric === undefined ? '' : pathOf('metric', metric)) +
    (ttl === undefined ? '' : pathOf('ttl', String(wholeMinutes('--ttl', ttl))));
  const done = `threshold of ${metricText(store, metric)} set to ${value}`;
  return control(context, { name: '/set-threshold', path, note, done });
}

export function resetThreshold(
  context: CommandContext,
  store: StoreName,
  { metric, ...note }: Omit<ThresholdOptions, 'ttl'>,
) {
  const path =
    pathOf('reset-threshold', store.type, store.name) +
    (metric === undefined ? '' : pathOf('metric', metric));
  const done = `threshold of ${metricText(store, metric)} as configured`;
  return control(context, { name: '/reset-threshold', path, note, done });
}

export function yieldLeadership(context: CommandContext, note: NoteOptions) {
  return control(context, {
    name: '/raft/yield',
    path: '/raft/yield',
    note,
    done: 'leadership handed over',
  });
}

function liftApp(
  context: CommandContext,
  name: string,
  app: string,
  { store, ...note }: StoreOptions & NoteOptions,
  effect: string,
): Promise<number> {
  const path = name + pathOf(appOf('APP', app));
  return control(context, {
    name,
    path,
    query: { store_name: store },
    note,
    done: `${app} ${effect}`,
  });
}

/** Resolves with the exit code when the server has confirmed the command; rejects otherwise. */
async function control(
  { group, output }: CommandContext,
  { name, path, query, note, done }: CommandRequest,
): Promise<number> {
  const { reason, owner } = note;
  const send = (said: NoteOptions): Promise<Reply> =>
    group.askLeader(withParameters(path, { ...query, ...said }), SENDING);
  let reply = await send({ owner: loginName(), ...note });
  // While a cluster is upgraded it may not be able to keep an owner: that one was not asked for.
  const isOwnerTooNew = reply.status === 501 && owner === undefined && reason === undefined;
  if (isOwnerTooNew) reply = await send({});
  const body = await okObject(group, reply, { name });
  if (output.isJson) output.json(body);
  else output.lines(printable(done), ...detailLines(body).map((line) => `  ${line}`));
  return EXIT.ok;
}

const SENDING = { method: 'POST', timeoutMs: COMMAND_TIMEOUT_MS } as const;

/** What the command has matched, and who leads now: one line for each part of the answer. */
function detailLines({ Matched: matched = {}, Leader: leader }: JsonObject): string[] {
  const parts = Object.entries(isJsonObject(matched) ? matched : {});
  if (leader !== undefined) parts.push(['Leader', leader]);
  return parts.map(([part, value]) => `${wordsOf(part)}: ${valueText(value)}`);
}

/** `stores without hosts` of `StoresWithoutHosts`. */
function wordsOf(key: string): string {
  return printable(key.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase());
}

function valueText(value: unknown): string {
  if (value === null) return 'unknown';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (!Array.isArray(value)) return printable(String(value));
  return value.length === 0 ? 'none' : value.map((item) => printable(String(item))).join(', ');
}

function metricText(store: StoreName, metric: string | undefined): string {
  return metric === undefined ? storeText(store) : `${storeText(store)}/${metric}`;
}

function hostOf(host: string): string {
  if (host === '' || host.includes('/')) {
    throw usageFailure(
      `HOST: must be a name, an address or HOST:PORT, got ${JSON.stringify(host)}`,
    );
  }
  return host;
}

/** Behind sudo, the name of the person. Undefined where the system knows no name. */
function loginName(): string | undefined {
  const { SUDO_USER = '', USER } = process.env;
  if (SUDO_USER !== '') return SUDO_USER;
  try {
    return userInfo().username;
  } catch {
    return USER;
  }
}
