/** The commands of the forms as paths, and what takes them back. */
import { expect } from 'chai';
import { enterPath, keyOf, liftedKeys, liftPath, valuesOf } from '../../src/web/entry-commands.js';
import type { EntriesTopic, EntryKind } from '../../src/web/topics.js';

function entries(keys: Readonly<Partial<Record<EntryKind, readonly string[]>>>): EntriesTopic {
  const group = (kind: EntryKind) => {
    const all = (keys[kind] ?? []).map((key) => [key, '2026-11-27T12:00:00Z'] as const);
    return { Total: all.length, Entries: Object.fromEntries(all) };
  };
  return {
    ThrottledApps: group('ThrottledApps'),
    SkippedHosts: group('SkippedHosts'),
    ExemptedApps: group('ExemptedApps'),
    Thresholds: group('Thresholds'),
  };
}

describe('commands of the page', () => {
  it('enter what the form says, and name the entry', () => {
    const app = { app: 'a b', store: 'mysql/main', ratio: '40', minutes: '12', owner: 'me' };
    expect(enterPath('ThrottledApps', app)).to.equal(
      '/throttle-app/a%20b/ttl/12/ratio/0.4?store_name=main&owner=me',
    );
    expect(keyOf('ThrottledApps', app)).to.equal('a b/main');
    const threshold = { store: 'main', metric: 'threads', threshold: '5', minutes: '9' };
    expect(enterPath('Thresholds', threshold)).to.equal(
      '/set-threshold/mysql/main/5/metric/threads/ttl/9',
    );
    expect(keyOf('Thresholds', threshold)).to.equal('mysql/main/threads');
    expect(enterPath('SkippedHosts', { host: 'db7', minutes: '1' })).to.equal(
      '/skip-host/db7/ttl/1',
    );
    expect(enterPath('ExemptedApps', { app: 'a', minutes: '1' })).to.equal('/exempt-app/a/ttl/1');
  });

  it('lift by the key of an entry', () => {
    expect(liftPath('ThrottledApps', 'etl/main', { owner: 'me' })).to.equal(
      '/unthrottle-app/etl?store_name=main&owner=me',
    );
    expect(liftPath('ExemptedApps', 'etl')).to.equal('/unexempt-app/etl');
    expect(liftPath('SkippedHosts', 'db7:3306')).to.equal('/recover-host/db7%3A3306');
    expect(liftPath('Thresholds', 'mysql/main/threads')).to.equal(
      '/reset-threshold/mysql/main/metric/threads',
    );
  });

  it('lift with an entry those that the node ends with it', () => {
    const apps = entries({ ThrottledApps: ['etl', 'etl/main', 'etl2', 'etl2/main'] });
    expect(liftedKeys(apps, 'ThrottledApps', 'etl')).to.deep.equal(['etl', 'etl/main']);
    expect(liftedKeys(apps, 'ThrottledApps', 'etl/main')).to.deep.equal(['etl/main']);
    const hosts = entries({ SkippedHosts: ['db7', 'db7:3306', 'db71', '[::1]:3306', '::1'] });
    expect(liftedKeys(hosts, 'SkippedHosts', 'db7')).to.deep.equal(['db7', 'db7:3306']);
    expect(liftedKeys(hosts, 'SkippedHosts', 'db7:3306')).to.deep.equal(['db7:3306']);
    expect(liftedKeys(hosts, 'SkippedHosts', '::1')).to.deep.equal(['[::1]:3306', '::1']);
    const set = entries({ Thresholds: ['mysql/main', 'mysql/main/threads'] });
    expect(liftedKeys(set, 'Thresholds', 'mysql/main')).to.deep.equal(['mysql/main']);
  });

  it('enter again what an entry was, for the time that was left', () => {
    const inTwelve = new Date(Date.now() + 11.5 * 60_000).toISOString();
    const throttle = { ExpireAt: inTwelve, Ratio: 0.57, Reason: 'r', Owner: 'o' };
    expect(enterPath('ThrottledApps', valuesOf('ThrottledApps', 'etl', throttle))).to.equal(
      '/throttle-app/etl/ttl/12/ratio/0.57?reason=r&owner=o',
    );
    const endless = { ExpireAt: '0001-01-01T00:00:00Z', Ratio: 1 };
    expect(enterPath('ThrottledApps', valuesOf('ThrottledApps', '*', endless))).to.equal(
      '/throttle-app/*/ttl/0/ratio/1',
    );
    const set = { ExpireAt: inTwelve, Threshold: 0.05 };
    expect(enterPath('Thresholds', valuesOf('Thresholds', 'mysql/main', set))).to.equal(
      '/set-threshold/mysql/main/0.05/ttl/12',
    );
  });
});
