/** The operators' commands: one request each, which the server confirms or refuses. */
import { userInfo } from 'node:os';
import type { CommandContext } from '../context.js';
import { EXIT, usageFailure } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { localTime, shortDuration, wholeMinutes } from '../output/quantities.js';
import { isJsonObject, type JsonObject, okObject } from '../servers/reply-body.js';
import {
  COMMAND_TIMEOUT_MS,
  pathOf,
  type Reply,
  ServerGroup,
  withParameters,
} from '../servers/server-group.js';
import { appOf, type StoreName, storeOf, storeText } from '../target.js';

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

/** What the server takes for the time of an entry that is given none. */
const DEFAULT_MINUTES = 60;

/** A request that changes something. */
interface CommandRequest {
  /** As in the documentation: `/throttle-app`. */
  readonly name: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly note: NoteOptions;
  /** What the command has done, in words. */
  readonly done: string;
  /** The same of a command that ends entries, and has found none. */
  readonly foundNothing?: string;
}

/**
 * Ratio and time are always sent: a request without one of them would keep that of an entry that is
 * there already.
 */
export function throttle(context: CommandContext, app: string, options: ThrottleOptions) {
  const { ttl, ratio = '1', store, ...note } = options;
  const minutes = minutesOf(context, ttl);
  const path = pathOf('throttle-app', appOf('APP', app), 'ttl', String(minutes), 'ratio', ratio);
  const end = minutes === 0 ? 'until it is lifted' : endText(minutes);
  const done = `${app} throttled: ratio ${ratio}, ${placeText(store)}, ${end}`;
  return control(context, { name: '/throttle-app', path, query: storeQuery(store), note, done });
}

export function unthrottle(
  context: CommandContext,
  app: string,
  options: StoreOptions & NoteOptions,
) {
  return liftApp(context, '/unthrottle-app', app, options, 'throttled');
}

export function exempt(context: CommandContext, app: string, options: TtlOptions & StoreOptions) {
  const { ttl, store, ...note } = options;
  const minutes = minutesOf(context, ttl);
  const path = pathOf('exempt-app', appOf('APP', app), 'ttl', String(minutes));
  const done = `${app} exempted: ${placeText(store)}, ${endText(minutes)}`;
  return control(context, { name: '/exempt-app', path, query: storeQuery(store), note, done });
}

export function unexempt(
  context: CommandContext,
  app: string,
  options: StoreOptions & NoteOptions,
) {
  return liftApp(context, '/unexempt-app', app, options, 'exempted');
}

export function skip(context: CommandContext, host: string, { ttl, ...note }: TtlOptions) {
  // The server takes 0 for the time of an entry that is given none.
  const minutes = minutesOf(context, ttl) || DEFAULT_MINUTES;
  const path = pathOf('skip-host', hostOf(host), 'ttl', String(minutes));
  const done = `${host} skipped ${endText(minutes)}`;
  return control(context, { name: '/skip-host', path, note, done });
}

export function recover(context: CommandContext, host: string, note: NoteOptions) {
  return control(context, {
    name: '/recover-host',
    path: pathOf('recover-host', hostOf(host)),
    note,
    done: `${host} no longer skipped`,
    foundNothing: `${host} was not skipped`,
  });
}

export function setThreshold(
  context: CommandContext,
  store: StoreName,
  value: string,
  { ttl, metric, ...note }: ThresholdOptions,
) {
  const minutes = minutesOf(context, ttl);
  const path =
    pathOf('set-threshold', store.type, store.name, value) +
    (metric === undefined ? '' : pathOf('metric', metric)) +
    pathOf('ttl', String(minutes));
  const done = `threshold of ${metricText(store, metric)} set to ${value} ${endText(minutes)}`;
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
  const what = `threshold of ${metricText(store, metric)}`;
  return control(context, {
    name: '/reset-threshold',
    path,
    note,
    done: `${what} as configured`,
    foundNothing: `${what} was not set: it is as configured`,
  });
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
  state: string,
): Promise<number> {
  const where = store === undefined ? '' : ` ${placeText(store)}`;
  return control(context, {
    name,
    path: name + pathOf(appOf('APP', app)),
    query: storeQuery(store),
    note,
    done: `${app} no longer ${state}${where}`,
    foundNothing: `${app} was not ${state}${where}`,
  });
}

/** Resolves with the exit code when the server has confirmed the command; rejects otherwise. */
async function control(
  { servers, output }: CommandContext,
  { name, path, query, note, done, foundNothing }: CommandRequest,
): Promise<number> {
  const group = new ServerGroup(servers);
  const { reason, owner } = note;
  const send = (said: NoteOptions): Promise<Reply> =>
    group.askLeader(withParameters(path, { ...query, ...said }), SENDING);
  let reply = await send({ owner: loginName(), ...note });
  // While a cluster is upgraded it may not be able to keep an owner: that one was not asked for.
  const isOwnerTooNew = reply.status === 501 && owner === undefined && reason === undefined;
  if (isOwnerTooNew) reply = await send({});
  const body = await okObject(group, reply, { name });
  if (output.isJson) output.json(body);
  else if (foundNothing !== undefined && hasEndedNothing(body)) {
    output.lines(`${printable(foundNothing)}, so nothing has changed`);
  } else output.lines(printable(done), ...detailLines(body).map((line) => `  ${line}`));
  return EXIT.ok;
}

const SENDING = { method: 'POST', timeoutMs: COMMAND_TIMEOUT_MS } as const;

/** An older server does not say how many entries a command has ended. */
function hasEndedNothing({ Matched: matched }: JsonObject): boolean {
  return isJsonObject(matched) && matched.Entries === 0;
}

/** What the command has matched, and who leads now: one line for each part of the answer. */
function detailLines({ Matched: matched = {}, Leader: leader }: JsonObject): string[] {
  if (isJsonObject(matched) && hasFoundNoHost(matched)) return [noHostText(matched)];
  const parts = Object.entries(isJsonObject(matched) ? matched : {});
  if (leader !== undefined) parts.push(['Leader', leader]);
  return parts.map(([part, value]) => `${wordsOf(part)}: ${valueText(value)}`);
}

/** A skip of a host that no store lists; an unknown list is null. */
function hasFoundNoHost({ Hosts: hosts }: JsonObject): boolean {
  return Array.isArray(hosts) && hosts.length === 0;
}

function noHostText({ Nearest: near }: JsonObject): string {
  const question = near === undefined ? '' : `: did you mean ${printable(String(near))}?`;
  return `no store lists this host${question}`;
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

function minutesOf({ output }: CommandContext, ttl: string | undefined): number {
  return ttl === undefined ? DEFAULT_MINUTES : wholeMinutes(output, '--ttl', ttl);
}

/** `until 02:41:14 (in 30 min)`. */
function endText(minutes: number): string {
  const ms = minutes * 60_000;
  return `until ${localTime(Date.now() + ms)} (in ${shortDuration(ms)})`;
}

function placeText(store: string | undefined): string {
  return store === undefined ? 'on every store' : `on ${storeText(storeOf(store))}`;
}

/** The server names an entry of one store by the store alone, without its type. */
function storeQuery(store: string | undefined) {
  return { store_name: store === undefined ? undefined : storeOf(store).name };
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
