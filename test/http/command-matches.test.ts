/** What a command matched, as its response reports it. */
import { expect } from 'chai';
import { CommandMatches } from '../../src/http/main/command-matches.js';
import type { OperatorCommand } from '../../src/throttle/commands.js';
import { storeLocation } from '../support/cluster-settings.js';

const atMs = 1_800_000_000_000;

describe('what a command matched', () => {
  /** `seen`: the apps that this node has seen; null: a thread does not respond. */
  function matched(
    command: OperatorCommand,
    { seen = ['archive'] as readonly string[] | null, leads = true, lifted = 0 } = {},
  ): Promise<string> {
    const matches = new CommandMatches({
      apps: { hasSeen: async (app) => seen?.includes(app) ?? null },
      stores: () => [storeLocation('main', 0)],
      isLeading: () => leads,
    });
    return matches.look(command)({ lifted });
  }

  const throttle = (key: string): OperatorCommand => ({ kind: 'throttleApp', atMs, key });

  it('is whether the app has checked, and its store is configured', async () => {
    expect(await matched(throttle('archive'))).to.equal('{"AppSeen":true}');
    expect(await matched(throttle('archvie'))).to.equal('{"AppSeen":false}');
    expect(await matched(throttle('archive/main'))).to.equal(
      '{"AppSeen":true,"StoreConfigured":true}',
    );
    expect(await matched(throttle('archvie/mian'))).to.equal(
      '{"AppSeen":false,"StoreConfigured":false}',
    );
    const exempt = { kind: 'exemptApp', atMs, key: 'archive/main', expireAtMs: atMs } as const;
    expect(await matched(exempt)).to.equal('{"AppSeen":true,"StoreConfigured":true}');
  });

  it('is null where this node cannot know', async () => {
    expect(await matched(throttle('archive'), { seen: null })).to.equal('{"AppSeen":null}');
    expect(await matched(throttle('other'), { leads: false })).to.equal('{"AppSeen":null}');
    expect(await matched(throttle('archive'), { leads: false })).to.equal('{"AppSeen":true}');
  });

  it('is how many entries were lifted', async () => {
    const lifts: OperatorCommand[] = [
      { kind: 'unthrottleApp', atMs, key: 'a', everyStore: true },
      { kind: 'unexemptApp', atMs, key: 'a', everyStore: true },
      { kind: 'recoverHost', atMs, host: 'h' },
      { kind: 'resetThreshold', atMs, key: 'mysql/main' },
    ];
    for (const lift of lifts) {
      expect(await matched(lift, { lifted: 3 })).to.equal('{"Entries":3}');
      expect(await matched(lift)).to.equal('{"Entries":0}');
    }
  });
});
