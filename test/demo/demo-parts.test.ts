/** The parts of the demo: its view, its options, its lag model. */
import { expect } from 'chai';
import { LagModel } from '../../src/demo/lag-model.js';
import { parseOptions } from '../../src/demo/options.js';
import {
  type DemoView,
  fitToRows,
  introduction,
  plain,
  plainLine,
  screenLines,
  summary,
} from '../../src/demo/view.js';
import { CHECK_PATH } from '../../src/demo/writer.js';

describe('the parts of the demo', () => {
  const view: DemoView = {
    elapsedS: 10,
    nodes: [
      { url: 'http://127.0.0.1:8087', running: false, leading: false },
      { url: 'http://127.0.0.1:8088', running: true, leading: true },
    ],
    failover: { killedNode: 1, leaderlessMs: 420, newLeader: 2 },
    replicas: [
      { host: '127.0.0.11:3306', lagS: 0.5 },
      { host: '127.0.0.12:3306', lagS: 1.25 },
    ],
    inForce: [],
    worstLagS: 1.25,
    worstLagWithoutS: 4,
    response: { status: 429, message: 'Threshold exceeded' },
    metric: { value: 1.25, threshold: 1 },
    recent: [200, 200, 429],
    statuses: new Map([
      [429, 1],
      [200, 2],
    ]),
    rows: 1200,
    rowsPerS: 100,
    waitedMs: 2500,
    currentWaitMs: 700,
    longestWaitMs: 700,
  };

  it('draws a bar per replica, the value, the response and the wait', () => {
    const lines = screenLines(view, 80, plain);
    const bar = (host: string): number =>
      lines.find((line) => line.includes(host))!.split('█').length;
    expect(bar('127.0.0.12')).to.be.greaterThan(2 * bar('127.0.0.11'));
    const text = lines.join('\n');
    expect(text).to.contain('1.25 s  highest lag, of 1.00 s allowed');
    expect(text).to.contain('429 Threshold exceeded: wait').and.to.contain('waits, for 0.7 s now');
    for (const line of lines) expect(line.length, line).to.be.at.most(80);
  });

  it('shows the leader and the latest failover', () => {
    const text = screenLines(view, 80, plain).join('\n');
    expect(text)
      .to.match(/freno 1 .* killed/)
      .and.to.match(/freno 2 .* leader/);
    expect(text).to.contain('freno 1 was killed: freno 2 became leader 0.42 s later');
    const failover = { killedNode: 1, leaderlessMs: 420, newLeader: undefined };
    expect(plainLine({ ...view, failover })).to.contain('no leader for 0.42 s now');
  });

  it('shows what the lag would be if the client did not ask', () => {
    const text = screenLines(view, 80, plain).join('\n');
    expect(text).to.match(/without freno +4\.00 s {2}if the client did not ask \(with: 1\.25 s\)/);
  });

  it('marks what is in force', () => {
    const [first, second] = view.replicas;
    const replicas = [first!, { ...second!, skippedForS: 29.5 }];
    const marked = { ...view, replicas, inForce: ['demo throttled 80 %'] };
    const text = screenLines(marked, 80, plain).join('\n');
    expect(text).to.contain('127.0.0.12:3306 skipped, 30 s left');
    expect(text).to.match(/in force +demo throttled 80 %/);
    expect(plainLine(marked)).to.contain(
      'demo throttled 80 % | 127.0.0.12:3306 skipped, 30 s left',
    );
  });

  it('names the page before all else', () => {
    const setup = { replicas: 4, nodes: 3, url: 'http://127.0.0.1:3700', checkPath: CHECK_PATH };
    expect(introduction(setup, true)[0]).to.contain('http://127.0.0.1:3700/');
  });

  it('fits introduction, screen and cursor in 80 columns and 24 rows', () => {
    const [replica] = view.replicas;
    const [node] = view.nodes;
    const replicas = Array(4).fill(replica);
    const nodes = Array(3).fill(node);
    const recent = Array(200).fill(429);
    const setup = { replicas: 4, nodes: 3, url: 'http://127.0.0.1:65535', checkPath: CHECK_PATH };
    const screen = screenLines({ ...view, replicas, nodes, recent }, 80, plain);
    const lines = [...introduction(setup, true), ...screen];
    expect(lines.length).to.be.at.most(23);
    for (const line of lines) expect(line.length, line).to.be.at.most(80);
    expect(lines.join()).to.contain('▂ 200 ▆ 429 × other');
  });

  it('removes blank lines of the screen, then its top, in a low terminal', () => {
    const lines = ['node', '', 'replica', '', 'client'];
    expect(fitToRows(lines, 5)).to.deep.equal(lines);
    expect(fitToRows(lines, 4)).to.deep.equal(['node', 'replica', 'client']);
    expect(fitToRows(lines, 2)).to.deep.equal(['replica', 'client']);
  });

  it('prints one plain line without a terminal', () => {
    expect(plainLine(view)).to.equal(
      ' 10 s | leader freno 2 | lag 0.50 1.25 s | main 1.25 of 1.00 | without freno 4.00 s | ' +
        'response 429 Threshold exceeded | ' +
        '1,200 rows (100/s), waited 2.5 s (25 %), longest 0.7 s | ' +
        'freno 1 was killed: freno 2 became leader 0.42 s later',
    );
  });

  it('sums up the responses that the client received', () => {
    const statuses = new Map([...view.statuses, [0, 3] as const]);
    expect(summary({ ...view, statuses })).to.deep.equal([
      'In 10.0 s the client received 2 x 200, 1 x 429, 3 x no response;',
      'it wrote 1,200 rows (120/s) and waited 2.5 s (25 %), longest 0.7 s.',
    ]);
  });

  it('rejects unknown options by name', () => {
    expect(() => parseOptions(['--second', '3'])).to.throw("'--second'");
    expect(() => parseOptions(['--seconds', 'x'])).to.throw("not 'x'");
    expect(parseOptions(['--seconds', '3'])).to.deep.equal({
      help: false,
      seconds: 3,
      killLeaderEveryS: Number.POSITIVE_INFINITY,
    });
  });

  it("models replicas that lag under the client's writes and catch up without them", () => {
    const busy = new LagModel();
    const idle = new LagModel();
    for (let step = 0; step < 20; step++) {
      busy.advance(0.05, 100);
      idle.advance(0.05, 0);
    }
    busy.lagsS.forEach((lagS, index) => {
      expect(lagS).to.be.greaterThan(idle.lagsS[index]!);
    });
  });
});
