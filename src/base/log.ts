/** The log: JSON lines on standard error, one logger per thread. Never pass it a configuration object: they hold passwords. */
import { type Logger, pino } from 'pino';

export type { Logger };

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** How much is logged, and whether errors come with their stack traces (`--stack`). */
export interface LogOptions {
  readonly level: LogLevel;
  readonly stacks: boolean;
}

/** A logger that writes synchronously, so that the last line before an end is not lost. `thread` names the writer in each line. */
export function createLogger(options: LogOptions, thread: string): Logger {
  return pino(
    {
      base: { pid: process.pid, thread },
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: (error: Error) =>
          options.stacks ? pino.stdSerializers.err(error) : { message: error.message },
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
