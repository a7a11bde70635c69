/** A logger that records its lines. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { LOG_LEVELS, type Logger } from '../../../../src/base/log.js';

export class LogRecorder {
  readonly lines: Array<{ readonly level: string; readonly msg: string }> = [];
  readonly logger: Logger;

  constructor() {
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        this.lines.push(JSON.parse(String(chunk)));
        done();
      },
    });
    this.logger = pino(
      {
        level: 'debug',
        customLevels: LOG_LEVELS,
        formatters: { level: (label) => ({ level: label }) },
      },
      sink,
    );
  }

  warnings(): string[] {
    return this.lines.filter(({ level }) => level !== 'info').map(({ msg }) => msg);
  }
}
