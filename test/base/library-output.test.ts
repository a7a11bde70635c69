/** What libraries print. */
import { expect } from 'chai';
import { pino } from 'pino';
import { logLibraryOutput } from '../../src/base/library-output.js';
import { LOG_LEVELS } from '../../src/base/log.js';

describe('the output of libraries', () => {
  it('goes through the log, bounded in lines and in length', () => {
    const lines: Array<{ text: string }> = [];
    const write = (line: string): void => void lines.push(JSON.parse(line));
    const { debug, error, info, log, trace, warn } = console;
    try {
      logLibraryOutput(pino({ level: 'warn', customLevels: LOG_LEVELS }, { write }));
      console.error('packet %d of %s', 7, 'x'.repeat(1_000));
      for (let line = 0; line < 1_000; line++) console.trace('Trace');
    } finally {
      Object.assign(console, { debug, error, info, log, trace, warn });
    }
    expect(lines).to.have.length(5);
    expect(lines[0]!.text).to.match(/^packet 7 of x+… \(1012 characters\)$/);
    expect(lines[1]!.text).to.equal('Trace');
  });
});
