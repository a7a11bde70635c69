/** A live command on a screen: until the user leaves. */
import { expect } from 'chai';
import type { Output } from '../../src/cli/output/output.js';
import { type LiveView, runLive } from '../../src/cli/terminal/live-command.js';
import type { DrawnScreen } from '../../src/cli/terminal/live-screen.js';

const OUTPUT: Output = {
  paint: (_tone, text) => text,
  isJson: false,
  lines: () => undefined,
  json: () => undefined,
  note: () => undefined,
};

describe('a live command', () => {
  it('ends when the user leaves, although a server does not respond', async () => {
    const closing = new AbortController();
    const done: string[] = [];
    let looks = 0;
    const view: LiveView<string> = {
      look: () => {
        if (++looks === 1) return Promise.resolve('first');
        setImmediate(() => closing.abort());
        return new Promise(() => undefined);
      },
      frame: (reading) => [String(reading)],
      json: () => ({}),
      close: () => done.push('view closed'),
    };
    const screen: DrawnScreen = {
      size: { columns: 80, rows: 24 },
      closing: closing.signal,
      draw: ([line]) => done.push(`drawn ${line}`),
      close: () => done.push('screen closed'),
    };
    expect(await runLive(view, OUTPUT, () => screen)).to.equal(0);
    expect(done).to.deep.equal(['drawn first', 'screen closed', 'view closed']);
  });
});
