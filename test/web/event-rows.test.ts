/** What happened, in rows that a person can read. */
import { expect } from 'chai';
import { eventsOfStore, happeningsOf } from '../../src/web/event-rows.js';
import type { EventRow } from '../../src/web/topics.js';

const START_MS = Date.parse('2026-11-27T12:00:00Z');

function event(second: number, more: Partial<EventRow>): EventRow {
  return {
    At: new Date(START_MS + second * 1e3).toISOString(),
    Kind: 'command',
    Text: '',
    ...more,
  };
}

function crossing(second: number, Store: string, Value: number, Host = 'db7:3306'): EventRow {
  const more = { Kind: 'threshold', Text: `${Store}: lag …`, Metric: 'lag', Threshold: 1 };
  return event(second, { ...more, Store, Value, Host });
}

const texts = (...events: readonly EventRow[]): string[] =>
  happeningsOf(events).map(({ text }) => text);

describe('what happened', () => {
  it('is one row for crossings of a store that follow each other', () => {
    const wavering = Array.from({ length: 30 }, (_, index) =>
      crossing(index * 3, 'mysql/main', index % 2 === 0 ? 1.2 : 0.9),
    );
    const entered = event(40, { Text: 'host skipped', Host: 'db9' });
    expect(texts(...wavering.slice(0, 14), entered, ...wavering.slice(14))).to.deep.equal([
      'main: lag crossed 1 s 30 times in 87 s, last down to 900 ms on db7:3306',
      'db9: host skipped',
    ]);
  });

  it('keeps crossings apart that are far from each other, or of another threshold', () => {
    const [first, second] = [crossing(0, 'mysql/main', 1.2), crossing(125, 'mysql/main', 0.9)];
    expect(texts(first, second)).to.deep.equal([
      'main: lag on db7:3306 is 900 ms, at most 1 s again',
      'main: lag on db7:3306 is 1.2 s, above 1 s',
    ]);
    expect(texts(first, { ...crossing(3, 'mysql/main', 1.2), Threshold: 1.1 })).to.have.length(2);
  });

  it('is one row for several stores at one moment, because of one host', () => {
    const stores = ['a', 'b', 'c', 'd', 'e'].map((name) => `mysql/${name}`);
    const at = stores.map((store, index) => crossing(index / 10, store, 1.2));
    const other = crossing(0.3, 'mysql/f', 1.2, 'db8:3306');
    expect(texts(...at, other)).to.have.members([
      'a, b, c and 2 stores more: lag on db7:3306 is 1.2 s, above 1 s',
      'f: lag on db8:3306 is 1.2 s, above 1 s',
    ]);
  });

  it('keeps the key of a row while it grows', () => {
    const crossings = [0, 3, 6].map((second) => crossing(second, 'mysql/main', 1.2));
    const keys = [2, 3].map((count) => happeningsOf(crossings.slice(0, count))[0]!.key);
    expect(keys[0]).to.equal(keys[1]);
    const twins = happeningsOf([event(0, { App: 'a' }), event(0, { App: 'a' })]);
    expect(new Set(twins.map(({ key }) => key)).size).to.equal(2);
  });

  it('says of errors how often they came', () => {
    const error = (second: number) => {
      const Text = 'mysql/main: lag cannot be read: access denied';
      return event(second, { Kind: 'store', Store: 'mysql/main', Metric: 'lag', Text });
    };
    expect(texts(error(0))).to.deep.equal(['main: lag cannot be read: access denied']);
    expect(texts(error(0), error(0.5))[0]).to.match(/\(the last of 2 times\)$/);
    expect(texts(error(0), error(30))).to.deep.equal([
      'main: lag cannot be read: access denied (the last of 2 times in 30 s)',
    ]);
  });

  it('is one row for the same that comes again, but keeps the order of what differs', () => {
    const leader = (second: number, Text: string) => event(second, { Kind: 'leader', Text });
    const again = [0, 20, 60].map((second) => leader(second, 'it leads on'));
    expect(texts(...again)).to.deep.equal(['it leads on (the last of 3 times in 60 s)']);
    const others = [leader(0, 'a leads'), leader(0.5, 'no leader'), leader(1, 'a leads')];
    expect(texts(...others)).to.deep.equal(['a leads', 'no leader', 'a leads']);
    const command = (second: number) => event(second, { Text: 'host skipped', Host: 'db7' });
    expect(texts(command(0), command(1))).to.have.length(2);
  });

  it('says of commands how much, until when, with owner and reason', () => {
    const Until = new Date(Date.now() - 1_000).toISOString();
    const note = { Owner: 'oncall', Reason: 'backfill' };
    const Text = `app throttled for 50 % of checks until ${Until}`;
    expect(texts(event(0, { Text, App: 'etl', Until, ...note }))[0]).to.match(
      /^etl: app throttled for 50 % of checks until [^Z]*\d\d:\d\d, by oncall: “backfill”$/,
    );
    const endless = { Text: 'app throttled until it is lifted', App: '*', Until: 'removed' };
    expect(texts(event(0, { ...endless, Caller: 'token dba' }))).to.deep.equal([
      'every app: app throttled until it is lifted, by token dba',
    ]);
    const set = { Text: 'threshold set to 5', Metric: 'mysql/main' };
    expect(texts(event(0, set))).to.deep.equal(['main: threshold set to 5']);
  });
});

describe('what happened to one store', () => {
  const scope = { store: 'mysql/main', hosts: ['db7:3306', '[2001:db8::1]:3306'], apps: ['etl'] };
  const concerns = (more: Partial<EventRow>): boolean =>
    eventsOfStore([event(0, more)], scope).length === 1;

  it('has the commands that concern it', () => {
    expect(concerns({ Metric: 'mysql/main' })).to.equal(true);
    expect(concerns({ Metric: 'mysql/main/threads' })).to.equal(true);
    expect(concerns({ Metric: 'mysql/main2' })).to.equal(false);
    expect(concerns({ Host: 'db7' })).to.equal(true);
    expect(concerns({ Host: 'db7:3306' })).to.equal(true);
    expect(concerns({ Host: '2001:db8::1' })).to.equal(true);
    expect(concerns({ Host: 'db' })).to.equal(false);
    expect(concerns({ App: '*' })).to.equal(true);
    expect(concerns({ App: 'etl' })).to.equal(true);
    expect(concerns({ App: 'purge/main' })).to.equal(true);
    expect(concerns({ App: 'purge' })).to.equal(false);
  });

  it('has its crossings, and what happened to the whole cluster', () => {
    expect(concerns({ Kind: 'threshold', Store: 'mysql/main' })).to.equal(true);
    expect(concerns({ Kind: 'threshold', Store: 'mysql/other' })).to.equal(false);
    expect(concerns({ Kind: 'leader' })).to.equal(true);
    expect(concerns({ Kind: 'refused', App: 'etl' })).to.equal(false);
  });
});
