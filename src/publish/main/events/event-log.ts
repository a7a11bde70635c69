/**
 * What happened lately, for `/events`: the last commands, which every node knows, and the last
 * events of this node: thresholds crossed, stores that cannot be read, changes of the leader,
 * reloads, refused commands.
 */
import { jsonString } from '../../../base/json.js';
import type {
  EventKind,
  EventRecorder,
  EventSelection,
  EventsReporter,
} from '../../../contracts/reports.js';
import {
  commandText,
  commandValues,
  type NamedValues,
  originValues,
} from '../../../throttle/command-summary.js';
import type { OperatorCommand } from '../../../throttle/commands.js';

/** Beside the commands: flapping metrics must not push these out. */
const EVENTS_MAX = 1_000;

/** Of all of them, as JSON. */
const BYTES_MAX = 512 * 1024;

/** Errors of servers may be long. */
const TEXT_LENGTH_MAX = 500;

interface LoggedEvent {
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly kind: EventKind;
  /** One sentence, without a period. */
  readonly text: string;
  readonly values: NamedValues;
}

interface KeptEvent extends LoggedEvent {
  readonly bytes: number;
}

export class EventLog implements EventRecorder, EventsReporter {
  readonly #commands: () => readonly OperatorCommand[];
  /** Oldest first. */
  readonly #events: KeptEvent[] = [];
  #bytes = 0;

  /** `commands`: those that took effect last, oldest first. */
  constructor(commands: () => readonly OperatorCommand[]) {
    this.#commands = commands;
  }

  record(kind: EventKind, text: string, values: NamedValues = {}, atMs = Date.now()): void {
    const event = { atMs, kind, text: text.slice(0, TEXT_LENGTH_MAX), values };
    const bytes = Buffer.byteLength(eventJson(event));
    this.#events.push({ ...event, bytes });
    this.#bytes += bytes;
    while (this.#events.length > EVENTS_MAX || this.#bytes > BYTES_MAX) {
      this.#bytes -= this.#events.shift()!.bytes;
    }
  }

  /** As JSON: the newest that are selected, oldest first. */
  report({ sinceUnixMs, limit, commands = 0 }: EventSelection): string {
    const all = [...this.#events, ...this.#commands().map(eventOf)];
    const selected = all.filter(({ atMs }) => sinceUnixMs === null || atMs >= sinceUnixMs);
    // Stable: events of one millisecond keep their order.
    selected.sort((left, right) => left.atMs - right.atMs);
    const newest = selected.slice(-limit);
    const missing = commands - newest.filter(isCommand).length;
    const older = missing > 0 ? selected.slice(0, -limit).filter(isCommand).slice(-missing) : [];
    return `[${[...older, ...newest].map(eventJson).join(',')}]`;
  }
}

function isCommand({ kind }: LoggedEvent): boolean {
  return kind === 'command';
}

function eventOf(command: OperatorCommand): LoggedEvent {
  const { atMs, reason } = command;
  const values = {
    ...commandValues(command),
    ...originValues(command),
    ...(reason !== undefined && { reason }),
  };
  return { atMs, kind: 'command', text: commandText(command), values };
}

function eventJson({ atMs, kind, text, values }: LoggedEvent): string {
  const members = [
    `"At":"${new Date(atMs).toISOString()}"`,
    `"Kind":"${kind}"`,
    `"Text":${jsonString(text)}`,
    ...Object.entries(values).map(([name, value]) => {
      const key = name.charAt(0).toUpperCase() + name.slice(1);
      return `${jsonString(key)}:${typeof value === 'number' ? value : jsonString(value)}`;
    }),
  ];
  return `{${members.join(',')}}`;
}
