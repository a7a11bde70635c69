/** `freno events`: one line for each event, from what a server answers. */
import { expect } from 'chai';
import { events } from '../../src/cli/commands/events.js';
import type { CommandContext } from '../../src/cli/context.js';
import { localTime } from '../../src/cli/output/quantities.js';
import { failureOf } from '../support/failure.js';

const At = '2026-11-23T02:41:14.184Z';
const Until = '2026-11-23T03:11:14.184Z';

/** The lines of a server that has these events, without their time. */
async function linesOf(...found: readonly object[]): Promise<string[]> {
  const lines: string[] = [];
  const fetch = async () => new Response(JSON.stringify(found));
  const servers = { urls: ['http://freno'], headers: {}, fetch };
  const output = { isJson: false, lines: (line: string) => void lines.push(line) };
  await events({ servers, output } as unknown as CommandContext, {});
  const time = `${localTime(At)}  `;
  return lines.map((line) => (line.startsWith(time) ? line.slice(time.length) : line));
}

describe('events', () => {
  it('are their sentences, with no part of them again', async () => {
    const about = { Store: 'mysql/main', Metric: 'lag', Host: 'db7:3306' };
    const Text = 'mysql/main: lag on db7:3306 is 0.404, above 0.1';
    const Value = 0.40366802574321925;
    expect(
      await linesOf(
        { At, Kind: 'threshold', Text, ...about, Value, Threshold: 0.1 },
        { At, Kind: 'leader', Text: 'the leader is n2:10008', Leader: 'n2:10008' },
      ),
    ).to.deep.equal([`threshold  ${Text}`, 'leader     the leader is n2:10008']);
  });

  it('have what their sentences do not say, as people read it', async () => {
    const rest = { Ratio: 0.123456789, Until, Owner: 'ada', Reason: 'disk is full' };
    expect(
      await linesOf(
        { At, Kind: 'command', Text: 'app throttled', App: 'app-1', ...rest },
        { At, Kind: 'command', Text: 'app-1 throttled, ratio 0.12', App: 'app-1', ...rest },
        { At, Kind: 'command', Text: 'a1 throttled', App: 'a', Ratio: 1 },
        { At, Kind: 'command', Text: `host skipped until ${Until}`, Host: 'db7', Until },
      ),
    ).to.deep.equal([
      'command    app throttled  App=app-1  Ratio=0.1235  ' +
        `Until=${localTime(Until)}  Owner=ada  Reason="disk is full"`,
      'command    app-1 throttled, ratio 0.12  ' +
        `Until=${localTime(Until)}  Owner=ada  Reason="disk is full"`,
      'command    a1 throttled  App=a  Ratio=1',
      `command    host skipped until ${localTime(Until)}  Host=db7`,
    ]);
  });

  it('are followed through a fail-over, which is said once', async () => {
    const event = (second: number) => {
      return { At: `2026-11-23T02:41:1${second}.000Z`, Kind: 'reload', Text: `reload ${second}` };
    };
    const [first, second] = [event(1), event(2)];
    const end = new Error('the end of the test');
    const gone = new Error('connection refused');
    const replies: unknown[] = [[first], gone, gone, [first, second]];
    const fetch = async () => {
      const next = replies.shift();
      if (next instanceof Error) throw next;
      return new Response(JSON.stringify(next));
    };
    const servers = { urls: ['http://freno'], headers: {}, fetch };
    const said: string[] = [];
    const output = {
      isJson: false,
      lines: (line: string) => {
        said.push(line.replace(/.* {2}/, ''));
        if (replies.length === 0) throw end;
      },
      note: (text: string) => void said.push(text),
    };
    const context = { servers, output } as unknown as CommandContext;
    const failure = await failureOf(events(context, { follow: true }, 1));
    expect(failure).to.equal(end);
    expect(said).to.deep.equal(['reload 1', 'http://freno: connection refused', 'reload 2']);
  });

  it('are refused since a time that is none, with both forms that are', async () => {
    for (const since of ['yesterday', '1w', '2026-11-23 02:41']) {
      const failure = await events({} as CommandContext, { since }).catch((error) => error);
      expect(failure.message, since)
        .to.match(/^--since: must be a duration such as 10m or 2h, or a time as RFC 3339 such as /)
        .and.include(JSON.stringify(since));
    }
  });
});
