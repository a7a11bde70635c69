/** Main's end of the RPC: its responses to HTTP workers. */
import { expect } from 'chai';
import { pino } from 'pino';
import { type ErrorCode, FrenoError } from '../../src/base/errors.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import type { ClusterStatus, Consensus, ConsensusStatus } from '../../src/contracts/consensus.js';
import type { HttpStatistics, MainRequest, MainResponse } from '../../src/contracts/http.js';
import type { ClusterReport } from '../../src/contracts/reports.js';
import { CommandLog } from '../../src/http/main/command-log.js';
import { CommandMatches } from '../../src/http/main/command-matches.js';
import { MainRpc } from '../../src/http/main/main-rpc.js';
import { Lists } from '../../src/http/worker/lists.js';
import { NO_EFFECT } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { ignoreEvents } from '../support/ignore-events.js';
import { httpStatistics } from '../support/statistics.js';

const STATUS: ConsensusStatus = {
  ServiceID: '10.0.0.1:9888',
  Healthy: true,
  IsLeader: true,
  Leader: '10.0.0.1:9888',
  State: 'Leader',
  Domain: 'eu:production',
  ShareDomain: '',
  ShareDomainServices: null,
  ShareDomainServicesList: null,
  HealthyDomainServicesList: null,
  Majority: { Nodes: 3, Needed: 2, Reached: 2, Unreachable: { '10.0.0.3:9888': 'timed out' } },
};

const SUBMIT = {
  kind: 'submit',
  command: { kind: 'recoverHost', atMs: 1, host: 'h', client: '10.0.0.1' },
  appSeen: false,
} as const satisfies MainRequest;

const OK = { status: 200, json: '{"StatusCode":200,"Message":"OK"}' };

const UNREAD: ClusterReport = {
  source: 'haproxy',
  hosts: [],
  ignored: [],
  skipped: [],
  readAtUnixMs: null,
  error: 'cannot connect',
  oddRows: [],
  otherLists: new Map(),
};

const READ: ClusterReport = {
  source: 'static',
  hosts: ['h1:3306', 'h2:3307'],
  ignored: ['h3:3306'],
  skipped: ['h4:3306'],
  readAtUnixMs: 1500,
  error: '',
  oddRows: ['server "x"'],
  otherLists: new Map(),
};

const YIELD = { kind: 'yieldLeadership', origin: { atMs: 0, client: 'c', owner: 'ada' } } as const;

const WHOLE = { limit: 200_000, after: '', prefix: '' } as const;

const CLUSTER: ClusterStatus = { Self: 'a:1', Leader: 'a:1', LeaderHTTP: 'a:8087', Nodes: [] };

interface ControlSetup {
  readonly consensus?: Partial<Consensus>;
  readonly statistics?: HttpStatistics[];
  readonly inventory?: Map<string, ClusterReport>;
  readonly vars?: () => Promise<readonly string[]>;
  readonly metrics?: () => Promise<readonly string[]>;
}

function sharedText({ other }: MainResponse): string {
  return other?.kind === 'shared' ? Buffer.from(other.bytes).toString() : '';
}

function control({
  consensus,
  statistics = [],
  inventory = new Map(),
  ...reports
}: ControlSetup): MainRpc {
  const state = new ThrottleState();
  const log = pino({ level: 'silent', customLevels: LOG_LEVELS });
  return new MainRpc({
    consensus: {
      name: STATUS.ServiceID,
      isLeading: STATUS.IsLeader,
      start: async () => {},
      stop: async () => {},
      submit: async () => NO_EFFECT,
      readBarrier: async () => {},
      status: () => STATUS,
      cluster: () => CLUSTER,
      yieldLeadership: async () => 'b:1',
      ...consensus,
    },
    http: { collect: async () => statistics },
    inventory: { clusterNames: () => inventory.keys(), reportOf: (name) => inventory.get(name) },
    vars: { report: reports.vars ?? (async () => ['{"a":1}']) },
    metrics: { report: reports.metrics ?? (async () => ['a 1\n']) },
    profiler: { take: async () => '/tmp/a.cpuprofile' },
    events: { report: () => '[]' },
    storeHosts: { report: async () => '{"Hosts":[]}' },
    history: { report: () => undefined },
    apps: { report: async () => '{}' },
    commands: new CommandLog(
      log,
      ignoreEvents,
      (key, nowMs) => state.throttledApp(key, nowMs),
      () => STATUS.ServiceID,
    ),
    matches: new CommandMatches({
      apps: { hasSeenElsewhere: async () => true },
      hosts: { skipMatch: () => ({ hosts: [], stores: [], emptied: [] }), skippable: () => [] },
      stores: () => [],
      isLeading: () => true,
    }),
    log,
  });
}

describe('MainRpc', () => {
  it('responds to a command when consensus has applied it', async () => {
    const submitted: unknown[] = [];
    const main = control({
      consensus: {
        submit: async (command) => {
          submitted.push(command);
          return { lifted: 2 };
        },
      },
    });
    const json = '{"StatusCode":200,"Message":"OK","Matched":{"Entries":2}}';
    expect(await main.handle(SUBMIT)).to.deep.equal({ status: 200, json });
    expect(submitted).to.deep.equal([{ ...SUBMIT.command, node: STATUS.ServiceID }]);
  });

  const statuses: ReadonlyArray<readonly [ErrorCode, number]> = [
    ['BAD_REQUEST', 400],
    ['CONFLICT', 409],
    ['UNSUPPORTED', 501],
    ['NO_LEADER', 503],
    ['OVERLOADED', 503],
    ['OUTCOME_UNKNOWN', 504],
    ['PROTOCOL', 500],
  ];
  for (const [code, status] of statuses) {
    it(`responds ${status} with the reason when consensus fails with ${code}`, async () => {
      const fail = async (): Promise<never> => {
        throw new FrenoError(code, 'the "reason"');
      };
      const main = control({
        consensus: { submit: fail, readBarrier: fail, yieldLeadership: fail },
      });
      const response = { status, json: `{"StatusCode":${status},"Message":"the \\"reason\\""}` };
      expect(await main.handle(SUBMIT)).to.deep.equal(response);
      expect(await main.handle({ kind: 'readBarrier' })).to.deep.equal(response);
      expect(await main.handle(YIELD)).to.deep.equal(response);
    });
  }

  it('responds with the new leader when leadership was handed over', async () => {
    const json = '{"StatusCode":200,"Message":"OK","Leader":"b:1"}';
    expect(await control({}).handle(YIELD)).to.deep.equal({ status: 200, json });
  });

  it('responds with the nodes of the cluster', async () => {
    const json = '{"Self":"a:1","Leader":"a:1","LeaderHTTP":"a:8087","Nodes":[]}';
    expect(await control({}).handle({ kind: 'cluster' })).to.deep.equal({ status: 200, json });
  });

  it('responds 500 when a request fails by a defect', async () => {
    const main = control({
      consensus: {
        status: () => {
          throw new TypeError('a defect');
        },
      },
    });
    expect((await main.handle({ kind: 'consensusStatus' })).status).to.equal(500);
  });

  it('responds to a read barrier when consensus has passed it', async () => {
    let passed = false;
    const readBarrier = async (): Promise<void> => {
      passed = true;
    };
    const main = control({ consensus: { readBarrier } });
    expect(await main.handle({ kind: 'readBarrier' })).to.deep.equal(OK);
    expect(passed).to.equal(true);
  });

  it('responds with the leader, the state and the status of consensus', async () => {
    const main = control({});
    expect((await main.handle({ kind: 'consensusLeader' })).json).to.equal('"10.0.0.1:9888"');
    expect((await main.handle({ kind: 'consensusState' })).json).to.equal('"Leader"');
    expect((await main.handle({ kind: 'consensusStatus' })).json).to.equal(
      '{"ServiceID":"10.0.0.1:9888","Healthy":true,"IsLeader":true,' +
        '"Leader":"10.0.0.1:9888","State":"Leader","Domain":"eu:production",' +
        '"ShareDomain":"","ShareDomainServices":null,"ShareDomainServicesList":null,' +
        '"HealthyDomainServicesList":null,"Majority":{"Nodes":3,"Needed":2,"Reached":2,' +
        '"Unreachable":{"10.0.0.3:9888":"timed out"}}}',
    );
  });

  it('responds 500 without a body while no leader is known', async () => {
    const main = control({ consensus: { status: () => ({ ...STATUS, Leader: '' }) } });
    expect(await main.handle({ kind: 'consensusLeader' })).to.deep.equal({ status: 500, json: '' });
  });

  it('merges the recent apps of all workers by key', async () => {
    const now = Date.now();
    const worker = (...apps: ReadonlyArray<readonly [string, number]>): HttpStatistics =>
      httpStatistics({
        recentApps: apps.map(([app, age]) => ({ app, client: 'c', checkedAtUnixMs: now - age })),
      });
    const main = control({ statistics: [worker(['b', 0], ['a', 150_000]), worker(['a', 90_000])] });
    const epoch = (age: number): number => Math.floor((now - age) / 1000);
    const all = { kind: 'recentApps', lastMinutes: null, page: WHOLE } as const;
    expect(sharedText(await main.handle(all))).to.equal(
      `{"a/c":{"CheckedAtEpoch":${epoch(90_000)},"MinutesSinceChecked":1},` +
        `"b/c":{"CheckedAtEpoch":${epoch(0)},"MinutesSinceChecked":0}}\n`,
    );
  });

  it('reports the inventory by cluster', async () => {
    const main = control({ inventory: new Map(Object.entries({ b: UNREAD, a: READ })) });
    expect(sharedText(await main.handle({ kind: 'inventory', page: WHOLE }))).to.equal(
      '{"a":{"Source":"static","Hosts":["h1:3306","h2:3307"],"IgnoredHosts":["h3:3306"],' +
        '"SkippedHosts":["h4:3306"],"LastReadAt":"1970-01-01T00:00:01.5Z","LastError":"",' +
        '"OddRows":["server \\"x\\""]},' +
        '"b":{"Source":"haproxy","Hosts":[],"IgnoredHosts":[],"SkippedHosts":[],' +
        '"LastReadAt":null,"LastError":"cannot connect","OddRows":[]}}\n',
    );
  });

  it('reports a part of the inventory, and of the recent apps', async () => {
    const inventory = new Map(['c', 'b2', 'b1', 'a', 'b3'].map((name) => [name, UNREAD]));
    const recentApps = [...inventory.keys()].map((app) => ({
      ...{ app, client: 'c', checkedAtUnixMs: Date.now() },
    }));
    const main = control({ inventory, statistics: [httpStatistics({ recentApps })] });
    const asked = async (request: MainRequest): Promise<string[]> =>
      Object.keys(JSON.parse(sharedText(await main.handle(request))));
    for (const [page, expected] of [
      [WHOLE, ['a', 'b1', 'b2', 'b3', 'c']],
      [{ ...WHOLE, limit: 2 }, ['a', 'b1']],
      [{ ...WHOLE, prefix: 'b' }, ['b1', 'b2', 'b3']],
      [{ limit: 1, prefix: 'b', after: 'b1/c' }, ['b2']],
    ] as const) {
      expect(await asked({ kind: 'inventory', page })).to.deep.equal(expected);
      const apps = await asked({ kind: 'recentApps', lastMinutes: null, page });
      expect(apps).to.deep.equal(expected.map((app) => `${app}/c`));
    }
  });

  it('reports the hosts of metrics that count others than the store', async () => {
    const { otherLists: _, ...list } = READ;
    const cluster = { ...UNREAD, otherLists: new Map([['threads', list]]) };
    const main = control({ inventory: new Map([['a', cluster]]) });
    const json = sharedText(await main.handle({ kind: 'inventory', page: WHOLE }));
    const { Metrics } = (JSON.parse(json) as Record<string, { Metrics: object }>).a!;
    expect(Metrics).to.deep.equal({
      threads: {
        Source: 'static',
        Hosts: ['h1:3306', 'h2:3307'],
        IgnoredHosts: ['h3:3306'],
        SkippedHosts: ['h4:3306'],
        LastReadAt: '1970-01-01T00:00:01.5Z',
        LastError: '',
        OddRows: ['server "x"'],
      },
    });
  });

  it('writes one report at a time for 40 concurrent requests', async () => {
    let writing = 0;
    let writingMost = 0;
    let written = 0;
    const report = async (): Promise<string[]> => {
      writingMost = Math.max(writingMost, ++writing);
      await new Promise(setImmediate);
      writing--;
      return [String(++written)];
    };
    const main = control({ vars: report, metrics: report });
    const kinds = Array.from({ length: 20 }, () => ['vars', 'metrics'] as const).flat();
    const responses = await Promise.all(kinds.map((kind) => main.handle({ kind })));
    expect(responses.every(({ status }) => status === 200)).to.equal(true);
    expect({ writingMost, written }).to.deep.equal({ writingMost: 1, written: 2 });
  });

  it('responds with the variables', async () => {
    expect(sharedText(await control({}).handle({ kind: 'vars' }))).to.equal('{"a":1}\n');
  });

  for (const [kind, contentType, end] of [
    ['vars', 'application/json', '\n'],
    ['metrics', 'text/plain; version=0.0.4; charset=utf-8', ''],
  ] as const) {
    it(`shares the report of ${kind} with the workers, and copies none of it`, async () => {
      const pieces = ['{"größe":1', ',"😀":2}'];
      const main = control({ [kind]: async () => pieces });
      const answer = await main.handle({ kind });
      expect(answer.json).to.equal('');
      expect(sharedText(answer)).to.equal(`${pieces.join('')}${end}`);
      const written = await new Lists(
        async () => answer,
        () => {},
      ).fromMain({ kind });
      expect(written).to.include({ status: 200, contentType });
      expect(written.body.toString()).to.equal(sharedText(answer));
    });
  }
});
