/** The inventory with the readers of all kinds of sources. */
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS } from '../../../src/base/log.js';
import { Board } from '../../../src/board/board.js';
import type { ClusterReport } from '../../../src/contracts/reports.js';
import { Inventory } from '../../../src/stores/main/inventory.js';
import { clusterSettings } from '../../support/cluster-settings.js';
import { eventLoopTurns } from '../../support/event-loop.js';
import { Pages } from '../../support/pages.js';

describe('an inventory of real sources', () => {
  const inventory = new Inventory({
    board: Board.create(),
    prober: { assign: async () => undefined, lead: () => undefined },
    logger: pino({ level: 'silent', customLevels: LOG_LEVELS }),
  });

  after(() => inventory.stop());

  const report = (name: string): ClusterReport => inventory.reportOf(name)!;

  it('reads each kind', async () => {
    const csv = '# pxname,svname,status\npool,a,UP\npool,b,NOLB\npool,BACKEND,UP\n';
    const pages = await Pages.serve((request, response) => {
      response.end(request.url!.startsWith('/;csv') ? csv : '[{"type":2,"mysql_hostname":"v"}]');
    });
    try {
      await inventory.replaceClusters([
        clusterSettings('static', { kind: 'static', hosts: ['s:1'] }),
        clusterSettings('haproxy', {
          kind: 'haproxy',
          caFile: '',
          addresses: [pages.url],
          poolName: 'pool',
        }),
        clusterSettings('vitess', {
          kind: 'vitess',
          caFile: '',
          api: pages.url,
          cells: [],
          keyspace: 'ks',
          shard: '0',
          timeoutMs: 5_000,
        }),
        clusterSettings('proxysql', {
          kind: 'proxysql',
          addresses: ['127.0.0.1:1'],
          user: 'u',
          password: 'p',
          passwordFile: '',
          hostgroupId: 0,
          ignoreServerTtlMs: 1,
        }),
      ]);
      while (inventory.stores().some(({ name }) => isUnread(report(name)))) await eventLoopTurns();
      expect(report('static').hosts).to.deep.equal(['s:1']);
      expect(report('haproxy').hosts).to.deep.equal(['a:3306']);
      expect(report('vitess').hosts).to.deep.equal(['v:3306']);
      expect(report('proxysql').error).to.match(/^ProxySQL .*127\.0\.0\.1:1.*refused/);
    } finally {
      await pages.close();
    }
  });
});

function isUnread({ readAtUnixMs, error }: ClusterReport): boolean {
  return readAtUnixMs === null && error === '';
}
