/** What a command matched, as its response reports it. */
import { expect } from 'chai';
import type { Address } from '../../src/base/address.js';
import type { SkipMatch } from '../../src/contracts/reports.js';
import { CommandMatches } from '../../src/http/main/command-matches.js';
import type { OperatorCommand } from '../../src/throttle/commands.js';
import { storeLocation } from '../support/cluster-settings.js';

const atMs = 1_800_000_000_000;

describe('what a command matched', () => {
  /** `seen`: the apps that this node has seen; null: a thread does not respond. */
  function matched(
    command: OperatorCommand,
    {
      seen = ['archive'] as readonly string[] | null,
      seenHere = false,
      leads = true,
      lifted = 0,
    } = {},
    skipped: SkipMatch = { hosts: [], stores: [], emptied: [] },
    listed: readonly Address[] = [],
  ): string | Promise<string> {
    const matches = new CommandMatches({
      apps: { hasSeenElsewhere: async (app) => seen?.includes(app) ?? null },
      hosts: { skipMatch: () => skipped, skippable: () => listed },
      stores: () => [storeLocation('main', 0)],
      isLeading: () => leads,
    });
    return matches.look(command, seenHere)({ lifted });
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

  it('asks no thread about an app that has checked where the command arrived', async () => {
    const seen = { seen: null, seenHere: true };
    expect(await matched(throttle('archive'), seen)).to.equal('{"AppSeen":true}');
  });

  it('is null where this node cannot know', async () => {
    expect(await matched(throttle('archive'), { seen: null })).to.equal('{"AppSeen":null}');
    expect(await matched(throttle('other'), { leads: false })).to.equal('{"AppSeen":null}');
    expect(await matched(throttle('archive'), { leads: false })).to.equal('{"AppSeen":true}');
  });

  const skip: OperatorCommand = { kind: 'skipHost', atMs, host: 'db1', expireAtMs: atMs };

  it('is what a skip takes out, and what it leaves without any host', async () => {
    const emptied = ['mysql/main/threads_running'];
    const found = { hosts: ['db1:1', 'db1:2'], stores: ['mysql/main'], emptied };
    expect(JSON.parse(await matched(skip, {}, found))).to.deep.equal({
      Hosts: found.hosts,
      Stores: found.stores,
      StoresWithoutHosts: emptied,
    });
    expect(await matched(skip)).to.equal('{"Hosts":[],"Stores":[],"StoresWithoutHosts":[]}');
    expect(await matched(skip, { leads: false }, found)).to.equal(
      '{"Hosts":null,"Stores":null,"StoresWithoutHosts":null}',
    );
  });

  it('names the host that a mistyped one may stand for', async () => {
    const listed = ['db1.example.com', 'db7.example.com', 'db7.example.com'].map((host, at) => {
      return { host, port: 3306 + at };
    });
    const nearest = async (host: string): Promise<unknown> => {
      const found = await matched({ ...skip, host }, {}, undefined, listed);
      return JSON.parse(found).Nearest;
    };
    expect(await nearest('db7.exmaple.com')).to.equal('db7.example.com');
    expect(await nearest('db7.example.com:3309')).to.equal('db7.example.com:3307');
    expect(await nearest('replica-of-orders')).to.equal(undefined);
    const found = { hosts: ['db1:1'], stores: ['mysql/main'], emptied: [] };
    expect(await matched(skip, {}, found, listed)).not.to.contain('Nearest');
  });

  it('is bounded, and says how much is left out', async () => {
    const hosts = Array.from({ length: 103 }, (_, index) => `db1:${index}`);
    const stores = Array.from({ length: 101 }, (_, index) => `mysql/s${index}`);
    const found = JSON.parse(await matched(skip, {}, { hosts, stores, emptied: [] }));
    expect(found.Hosts).to.deep.equal(hosts.slice(0, 100));
    expect(found.Omitted).to.equal(4);
  });

  it('is the metric whose threshold is set', async () => {
    const set = { kind: 'setThreshold', atMs, value: 1, expireAtMs: atMs } as const;
    expect(await matched({ ...set, key: 'mysql/main' })).to.equal('{"Metric":"lag"}');
    expect(await matched({ ...set, key: 'mysql/main/disk' })).to.equal('{"Metric":"disk"}');
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
