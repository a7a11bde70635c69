/**
 * The log: JSON lines on standard error, one logger per thread. Never pass it a configuration
 * object: they hold passwords.
 */
import { createRequire } from 'node:module';
import type { LogFn, Logger as PinoLogger } from 'pino';
import { LineBuffer } from './line-buffer.js';

/**
 * Levels beside those of the library, by its numbers (warn is 40, info 30). `notice`, as in syslog
 * (RFC 5424, section 6.2.1): normal but significant, so it is logged by default.
 */
export const LOG_LEVELS = { notice: 35 } as const;

export type LogLevel = 'error' | 'warn' | 'notice' | 'info' | 'debug' | 'trace';

/** `stacks`: log errors with their stack traces (`--stack`). */
export interface LogOptions {
  readonly level: LogLevel;
  readonly stacks: boolean;
}

export interface Logger {
  readonly error: LogFn;
  readonly warn: LogFn;
  readonly notice: LogFn;
  readonly info: LogFn;
  readonly debug: LogFn;
}

const require = createRequire(import.meta.url);

/** Of all loggers of the thread, once there is a line. */
let destination: LineBuffer | undefined;

/**
 * Loads the library now, which takes 20 ms: the first line of a thread may be one about descriptors
 * that have run out, and without one nothing can be loaded.
 */
export function loadLogLibrary(): void {
  openDestination(require('pino') as typeof import('pino'));
}

/**
 * `thread` names the writer in each line. The library is loaded with the first line, unless
 * `loadLogLibrary` was called: a thread that starts need not wait for it.
 */
export function createLogger(options: LogOptions, thread: string): Logger {
  let made: PinoLogger<'notice'> | undefined;
  const method = (level: keyof Logger): LogFn => {
    made ??= makeLogger(options, thread);
    return made[level].bind(made);
  };
  return {
    get error() {
      return method('error');
    },
    get warn() {
      return method('warn');
    },
    get notice() {
      return method('notice');
    },
    get info() {
      return method('info');
    },
    get debug() {
      return method('debug');
    },
  };
}

function makeLogger(options: LogOptions, thread: string): PinoLogger<'notice'> {
  const library = require('pino') as typeof import('pino');
  const { pino } = library;
  return pino(
    {
      base: { pid: process.pid, thread },
      level: options.level,
      customLevels: LOG_LEVELS,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: (error: Error) =>
          options.stacks ? pino.stdSerializers.err(error) : { message: error.message },
      },
    },
    openDestination(library),
  );
}

function openDestination({ pino, symbols }: typeof import('pino')): LineBuffer {
  if (destination === undefined) {
    // Synchronous, so that the last line before an exit is not lost.
    const lines = new LineBuffer(pino.destination({ fd: 2, sync: true }));
    process.on('exit', () => lines.flush());
    destination = Object.assign(lines, { [symbols.needsMetadataGsym]: true });
  }
  return destination;
}
