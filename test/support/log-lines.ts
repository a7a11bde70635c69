/** A logger whose lines a test reads, without their time and writer. */
import { pino } from 'pino';
import { LOG_LEVELS, type Logger } from '../../src/base/log.js';

export interface LogLines {
  readonly log: Logger;
  readonly lines: object[];
}

/** At the level that freno has by default. */
export function logLines(): LogLines {
  const lines: object[] = [];
  const log = pino(
    {
      base: {},
      level: 'notice',
      customLevels: LOG_LEVELS,
      timestamp: false,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void lines.push(JSON.parse(line) as object) },
  );
  return { log, lines };
}
