/** The lines of the log: written several at a time, and at once when somebody must see them. */
import { expect } from 'chai';
import { LineBuffer } from '../../src/base/line-buffer.js';
import { until } from '../support/until.js';

const INFO = 30;
const WARN = 40;

describe('the lines of the log', () => {
  const written: string[] = [];
  let lines: LineBuffer;

  beforeEach(() => {
    written.length = 0;
    lines = new LineBuffer({ write: (text) => written.push(text) });
  });

  function write(level: number, text: string): void {
    lines.lastLevel = level;
    lines.write(`${text}\n`);
  }

  it('are written together, soon', async () => {
    write(INFO, 'first');
    write(INFO, 'second');
    expect(written).to.deep.equal([]);
    await until(() => written.length > 0);
    expect(written).to.deep.equal(['first\nsecond\n']);
  });

  it('are written at once with a warning, in their order', () => {
    write(INFO, 'first');
    write(WARN, 'second');
    expect(written).to.deep.equal(['first\nsecond\n']);
    write(WARN, 'third');
    expect(written).to.have.length(2);
  });

  it('are written before they are more than a pipe takes in one piece', () => {
    const text = 'é'.repeat(1_000);
    write(INFO, text);
    write(INFO, text);
    expect(written).to.deep.equal([]);
    write(INFO, text);
    expect(written).to.deep.equal([`${text}\n${text}\n`]);
    write(INFO, 'x'.repeat(5_000));
    expect(written).to.have.length(2);
  });

  it('are written once', () => {
    write(INFO, 'first');
    lines.flush();
    lines.flush();
    expect(written).to.deep.equal(['first\n']);
  });
});
