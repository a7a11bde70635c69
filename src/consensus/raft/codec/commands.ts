/** Commands as log entries and snapshots hold them. */
import protobuf from 'protobufjs/minimal.js';
import { FrenoError } from '../../../base/errors.js';
import type { Command, CommandOrigin, OperatorCommand } from '../../../throttle/commands.js';
import { featureLevelOf } from '../../../throttle/feature-level.js';
import { exact, positive, protocolError, type wire } from './wire.js';

export type WireCommand = ReturnType<typeof wire.Command.decode>;
type WireProperties = Parameters<typeof wire.Command.encode>[0];

/** Throws `BAD_REQUEST` when the command holds what cannot be replicated. */
export function commandToWire(command: Command): WireProperties {
  const atMs = sendable(command.atMs, 'atMs');
  if (command.kind === 'identifyCluster') {
    return { atMs, identifyCluster: { clusterId: command.clusterId } };
  }
  const { client = null, reason = null, owner = null, caller = null, node = null } = command;
  const kind = kindToWire(command);
  const isEarlier = featureLevelOf(command) > 0 && EARLIER_KINDS.includes(command.kind);
  const ofKind = isEarlier ? { earlierKind: kind } : kind;
  return { atMs, client, reason, owner, caller, node, ...ofKind };
}

/** Nodes of level 0 read these kinds, and would pass over the rest of the command. */
const EARLIER_KINDS: ReadonlyArray<OperatorCommand['kind']> = [
  'throttleApp',
  'unthrottleApp',
  'skipHost',
  'recoverHost',
];

function kindToWire(command: OperatorCommand) {
  switch (command.kind) {
    case 'throttleApp': {
      const { key, expireAtMs, ratio } = command;
      const throttleApp: WireProperties['throttleApp'] = { key };
      if (expireAtMs !== undefined) throttleApp.expireAtMs = sendable(expireAtMs, 'expireAtMs');
      if (ratio !== undefined) throttleApp.ratio = ratio;
      return { throttleApp };
    }
    case 'unthrottleApp':
      return { unthrottleApp: { key: command.key, everyStore: command.everyStore } };
    case 'skipHost': {
      const expireAtMs = sendable(command.expireAtMs, 'expireAtMs');
      return { skipHost: { host: command.host, expireAtMs } };
    }
    case 'recoverHost':
      return { recoverHost: { host: command.host } };
    case 'exemptApp': {
      const expireAtMs = sendable(command.expireAtMs, 'expireAtMs');
      return { exemptApp: { key: command.key, expireAtMs } };
    }
    case 'unexemptApp':
      return { unexemptApp: { key: command.key, everyStore: command.everyStore } };
    case 'setThreshold': {
      const { key, value } = command;
      const expireAtMs = sendable(command.expireAtMs, 'expireAtMs');
      return { setThreshold: { key, value, expireAtMs } };
    }
    case 'resetThreshold':
      return { resetThreshold: { key: command.key } };
  }
}

/**
 * Throws `PROTOCOL` for anything that `commandToWire` does not produce. `bytesOf`: the encoded
 * command, for the name of a kind that this release does not know.
 */
export function commandFromWire(command: WireCommand, bytesOf: () => Uint8Array | null): Command {
  const atMs = exact(command.atMs ?? 0, 'atMs');
  if (command.identifyCluster != null) {
    const clusterId = name(command.identifyCluster.clusterId, 'clusterId');
    return { kind: 'identifyCluster', atMs, clusterId };
  }
  const origin = originFromWire(command, atMs);
  const operators =
    earlierKindFromWire(command.earlierKind ?? command, origin) ??
    laterKindFromWire(command, origin);
  if (operators !== null) return operators;
  const bytes = bytesOf();
  const kind = bytes === null ? null : unknownKindOf(bytes);
  throw protocolError(
    kind === null
      ? 'a command without kind'
      : `a command of kind ${kind}, which this release does not know: a newer one wrote it`,
  );
}

function originFromWire(command: WireCommand, atMs: number): CommandOrigin {
  const { client, reason, owner, caller, node } = command;
  return {
    atMs,
    ...(client != null && { client }),
    ...(reason != null && { reason }),
    ...(owner != null && { owner }),
    ...(caller != null && { caller }),
    ...(node != null && { node }),
  };
}

type WireEarlierKind = Pick<
  WireCommand,
  'throttleApp' | 'unthrottleApp' | 'skipHost' | 'recoverHost'
>;

/** Null: of no kind of level 0. */
function earlierKindFromWire(
  command: WireEarlierKind,
  origin: CommandOrigin,
): OperatorCommand | null {
  if (command.throttleApp != null) {
    const { key, expireAtMs, ratio } = command.throttleApp;
    return {
      kind: 'throttleApp',
      ...origin,
      key: name(key, 'key'),
      ...(expireAtMs == null ? {} : { expireAtMs: exact(expireAtMs, 'expireAtMs') }),
      ...(ratio == null ? {} : { ratio: share(ratio) }),
    };
  }
  if (command.unthrottleApp != null) {
    return { kind: 'unthrottleApp', ...origin, ...liftFromWire(command.unthrottleApp) };
  }
  if (command.skipHost != null) {
    const { host, expireAtMs } = command.skipHost;
    const until = exact(expireAtMs ?? 0, 'expireAtMs');
    return { kind: 'skipHost', ...origin, host: name(host, 'host'), expireAtMs: until };
  }
  if (command.recoverHost != null) {
    return { kind: 'recoverHost', ...origin, host: name(command.recoverHost.host, 'host') };
  }
  return null;
}

/** Null: of no kind of level 1. */
function laterKindFromWire(command: WireCommand, origin: CommandOrigin): OperatorCommand | null {
  if (command.exemptApp != null) {
    const { key, expireAtMs } = command.exemptApp;
    return { kind: 'exemptApp', ...origin, key: name(key, 'key'), expireAtMs: end(expireAtMs) };
  }
  if (command.unexemptApp != null) {
    return { kind: 'unexemptApp', ...origin, ...liftFromWire(command.unexemptApp) };
  }
  if (command.setThreshold != null) {
    const { key, value, expireAtMs } = command.setThreshold;
    return {
      kind: 'setThreshold',
      ...origin,
      key: name(key, 'key'),
      value: limit(value ?? 0),
      expireAtMs: end(expireAtMs),
    };
  }
  if (command.resetThreshold != null) {
    return { kind: 'resetThreshold', ...origin, key: name(command.resetThreshold.key, 'key') };
  }
  return null;
}

interface WireLift {
  key?: string | null;
  everyStore?: boolean | null;
}

function liftFromWire({ key, everyStore }: WireLift) {
  return { key: name(key, 'key'), everyStore: everyStore ?? false };
}

/** Of `Command` in proto/raft.proto: all that is not its kind. */
const ORIGIN_FIELDS: readonly number[] = [1, 20, 21, 22, 23, 24];

/** The field number of a command's kind; null: it has none. */
function unknownKindOf(command: Uint8Array): number | null {
  for (const [field] of fieldsOf(protobuf.Reader.create(command))) {
    if (!ORIGIN_FIELDS.includes(field)) return field;
  }
  return null;
}

/** The numbers of a message's fields; the reader is at the content, which may be read or not. */
export function* fieldsOf(
  reader: protobuf.Reader,
): Generator<[number, protobuf.Reader], void, void> {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const start = reader.pos;
    yield [tag >>> 3, reader];
    if (reader.pos === start) reader.skipType(tag & 7);
  }
}

function name(value: string | null | undefined, field: string): string {
  if (value == null || value === '') throw protocolError(`${field} is empty`);
  return value;
}

/** The forced end of an entry. */
export function end(expireAtMs: number | null | undefined): number {
  return positive(expireAtMs ?? 0, 'expireAtMs');
}

/** A share of checks, 0 to 1. */
export function share(value: number): number {
  if (!(value >= 0 && value <= 1)) throw protocolError(`ratio is ${value}`);
  return value;
}

/** A threshold: finite, at least 0. */
export function limit(value: number): number {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw protocolError(`value is ${value}`);
  return value;
}

function sendable(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new FrenoError('BAD_REQUEST', `${field} is ${value}, not a time in whole milliseconds`);
}
