/** The sentence under the bar, and those of the rows. */
import { expect } from 'chai';
import { matchesText, needsConfirmation } from '../../src/web/matches-text.js';
import { nextOrder } from '../../src/web/order.js';
import { headlineOf, type StreamStanding } from '../../src/web/sentence.js';
import { storeSentence } from '../../src/web/store-sentence.js';
import { thresholdLook } from '../../src/web/threshold-text.js';
import type {
  ClusterTopic,
  EntriesTopic,
  MetricRow,
  StoresTopic,
  Topics,
} from '../../src/web/topics.js';

const LIVE = { isLive: true, silentSeconds: 0.2 };
const NOW_MS = Date.parse('2026-11-27T12:00:40Z');

function storesTopic(Counts: StoresTopic['Counts'], Leading = true): StoresTopic {
  return { At: new Date(NOW_MS).toISOString(), Leading, Counts, Rows: [] };
}

function clusterTopic(Leader: string, errors: readonly string[]): ClusterTopic {
  const Nodes = errors.map((fault, index) => ({
    ...{ Node: `n${index}`, HTTP: `n${index}:8087`, Role: null, Term: null, CommitIndex: null },
    ...{ AppliedIndex: null, Version: null, ConfigHash: null, SameConfig: null },
    ...{ ClockDifferenceMillis: null, LastContactMillis: null, Error: fault },
  }));
  return { Self: 'n0', Leader, LeaderHTTP: Leader === '' ? null : `${Leader}:8087`, Nodes };
}

const NO_ENTRIES: EntriesTopic = {
  ThrottledApps: { Total: 0, Entries: {} },
  SkippedHosts: { Total: 0, Entries: {} },
  ExemptedApps: { Total: 0, Entries: {} },
  Thresholds: { Total: 0, Entries: {} },
};

describe('the sentence of the page', () => {
  const HERE = { protocol: 'http:', port: '8087' };
  const textOf = (topics: Topics, stream: StreamStanding): string =>
    headlineOf(topics, stream, HERE).text;

  it('counts the stores that hold jobs back', () => {
    const text = (counts: StoresTopic['Counts']): string =>
      textOf({ stores: storesTopic(counts), entries: NO_ENTRIES }, LIVE);
    expect(text({ within: 14 })).to.equal('All 14 stores let jobs write');
    expect(text({ within: 1_001 })).to.equal('All 1,001 stores let jobs write');
    expect(text({ within: 1 })).to.equal('The one store lets jobs write');
    expect(text({ within: 12, above: 1, error: 1 })).to.equal('2 of 14 stores hold jobs back');
    expect(text({ within: 3, 'not read yet': 1 })).to.equal('1 of 4 stores holds jobs back');
    expect(text({})).to.equal('No stores are configured');
  });

  it('puts a throttle of every app first', () => {
    const star = { '*': { ExpireAt: '2026-11-27T13:00:00Z', Ratio: 0.5, Owner: 'oncall' } };
    const entries = { ...NO_ENTRIES, ThrottledApps: { Total: 1, Entries: star } };
    expect(textOf({ stores: storesTopic({ within: 3 }), entries }, LIVE)).to.equal(
      'Every app is throttled by oncall (50 %)',
    );
  });

  it('says where the leader is, and that there is no majority', () => {
    const stores = storesTopic({ unknown: 3 }, false);
    const following = { stores, cluster: clusterTopic('n1', ['', '', '']) };
    expect(textOf(following, LIVE)).to.equal('This node follows: n1:8087 leads');
    const refused = 'connection refused';
    const alone = { stores, cluster: clusterTopic('', ['', refused, refused]) };
    expect(textOf(alone, LIVE)).to.equal('No majority: 2 of 3 nodes needed, 1 reached');
    const electing = { stores, cluster: clusterTopic('', ['', '', refused]) };
    expect(textOf(electing, LIVE)).to.equal('No leader yet');
  });

  it('links to the leader by the protocol of the page, where nodes serve pages', () => {
    const following = {
      stores: storesTopic({ unknown: 3 }, false),
      cluster: clusterTopic('n1', ['', '', '']),
    };
    const pageOf = (protocol: string, port: string): string | undefined =>
      headlineOf(following, LIVE, { protocol, port }).leaderPage;
    expect(pageOf('http:', '8087')).to.equal('http://n1:8087/');
    expect(pageOf('https:', '8087')).to.equal('https://n1:8087/');
    expect(pageOf('http:', '8088'), 'AdminListen').to.equal(undefined);
    expect(pageOf('https:', ''), 'a balancer').to.equal(undefined);
  });

  it('takes nothing old for live', () => {
    const stores = storesTopic({ within: 14 });
    expect(textOf({ stores }, { isLive: false, silentSeconds: 12.3 })).to.equal(
      'No news: what is below is old',
    );
    expect(textOf({}, { isLive: false, silentSeconds: 0.1 })).to.equal(
      'Waiting for the first values',
    );
    expect(textOf({}, { isLive: false, silentSeconds: 9 })).to.equal('This node does not answer');
  });
});

describe('the sentence of a store', () => {
  const metric: MetricRow = { Metric: 'lag', Mode: 'enforce', State: 'within', Threshold: 1 };
  const sentence = (given: Partial<MetricRow>): string => {
    const { value, rest } = storeSentence({ ...metric, ...given }, NOW_MS);
    return `${value} ${rest}`.trim();
  };

  it('says what, how bad, since when, and because of which host', () => {
    expect(sentence({ Value: 0.04 })).to.equal('lag 40 ms of 1 s');
    const above = { State: 'above', Value: 8.2, Host: 'db7:3306' } as const;
    expect(sentence({ ...above, Since: '2026-11-27T12:00:00Z' })).to.equal(
      'lag 8.2 s above 1 s for 40 s because of db7:3306',
    );
    expect(sentence({ ...above, Threshold: 2, ConfiguredThreshold: 1 })).to.equal(
      'lag 8.2 s above 2 s (set by an operator, configured 1 s) because of db7:3306',
    );
    expect(sentence({ Value: 2.999, Threshold: 3 })).to.equal('lag 2.999 s of 3 s');
    expect(sentence({ Value: 3, Threshold: 3 })).to.equal('lag 3 s at its threshold');
    expect(sentence({ State: 'error', Error: 'access denied' })).to.equal('error access denied');
    expect(sentence({ State: 'not read yet', Host: 'db7:3306' })).to.equal(
      'not read yet because of db7:3306',
    );
  });
});

describe('what a command would match', () => {
  it('is said before it is sent', () => {
    expect(matchesText({ AppSeen: true }, 'etl')).to.equal(
      'This app has asked in the last 24 hours.',
    );
    expect(matchesText({ AppSeen: false, StoreConfigured: false }, 'etl')).to.equal(
      'No app of this name has asked in the last 24 hours. Is it spelled right? ' +
        'No such store is configured.',
    );
    const hosts = { Hosts: ['db9:3306'], Stores: ['mysql/audit'], StoresWithoutHosts: [] };
    expect(matchesText(hosts, '')).to.equal('Matches 1 host (db9:3306) of mysql/audit.');
    expect(needsConfirmation(hosts)).to.equal(false);
    const last = { ...hosts, StoresWithoutHosts: ['mysql/audit'] };
    expect(matchesText(last, '')).to.contain('Leaves mysql/audit without any host.');
    expect(needsConfirmation(last)).to.equal(true);
    const none = { Hosts: [], Stores: [] };
    expect(matchesText(none, '')).to.equal('No store lists this host. Is it spelled right?');
    expect(matchesText({ ...none, Nearest: 'db7' }, '')).to.contain('Did you mean db7?');
    expect(matchesText({ Hosts: null, Stores: null }, '')).to.contain('does not know');
  });
});

describe('what a threshold would change', () => {
  const row: MetricRow = { Metric: 'lag', Mode: 'enforce', State: 'within', Threshold: 1 };
  const look = (given: number, metric = '', more: Partial<MetricRow> = {}) =>
    thresholdLook(
      { Store: 'mysql/main', Metrics: [{ ...row, Value: 0.4, ...more }] },
      metric,
      given,
    );

  it('is said beside what it is and what was configured', () => {
    expect(look(Number.NaN).text).to.equal('lag is 400 ms now, its threshold 1 s, as configured.');
    expect(look(5, '', { Threshold: 2, ConfiguredThreshold: 1 }).text).to.equal(
      'lag is 400 ms now, its threshold 2 s, set by an operator; configured: 1 s.',
    );
    expect(look(0.1).text).to.contain('The value is above 100 ms: jobs will wait.');
    expect(look(5, 'threads').text).to.equal('mysql/main has no metric threads. It has lag.');
  });

  it('is to be confirmed when it is far from the configured one', () => {
    expect(look(10).isFar).to.equal(false);
    expect(look(11).isFar).to.equal(true);
    expect(look(11, '', { Threshold: 20, ConfiguredThreshold: 2 }).isFar).to.equal(false);
  });
});

describe('the order of rows', () => {
  it('changes only when rows may move', () => {
    expect(nextOrder(['a', 'b', 'c'], ['c', 'a', 'b'], true)).to.deep.equal(['c', 'a', 'b']);
    expect(nextOrder(['a', 'b', 'c'], ['c', 'a', 'b'], false)).to.deep.equal(['a', 'b', 'c']);
    expect(nextOrder(['a', 'b'], ['d', 'a'], false)).to.deep.equal(['a', 'd']);
  });
});
