/** What the skip of a host takes out of the configured clusters. */
import { expect } from 'chai';
import { pino } from 'pino';
import { formatAddress } from '../../src/base/address.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import { Board } from '../../src/board/board.js';
import type { ClusterSettings, HostSource } from '../../src/contracts/stores.js';
import { Inventory } from '../../src/stores/main/inventory.js';
import { metricSettings } from '../support/cluster-settings.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { skipsOf } from '../support/host-skips.js';

const HOUR_MS = 3_600_000;

function listed(...hosts: string[]): HostSource {
  return { kind: 'static', hosts };
}

describe('what a skip takes out', () => {
  let inventory: Inventory;

  beforeEach(async () => {
    inventory = new Inventory({
      board: Board.create(8),
      logger: pino({ level: 'silent', customLevels: LOG_LEVELS }),
      prober: { assign: async () => undefined, lead: () => undefined },
    });
    const clusters: ClusterSettings[] = [
      {
        name: 'main',
        metrics: [
          metricSettings(listed('db1', 'DB2:1', 'db2:2', 'db3'), { ignoreHosts: ['db3'] }),
          metricSettings(listed('db1'), { name: 'threads_running' }),
        ],
      },
      { name: 'orders', metrics: [metricSettings(listed('db2:1'))] },
      { name: 'empty', metrics: [metricSettings({ kind: 'none' })] },
    ];
    await inventory.replaceClusters(clusters);
    await eventLoopTurns();
  });

  afterEach(() => inventory.stop());

  /** As it is once the skip is in force, beside those of `others`. */
  async function match(entry: string, ...others: string[]) {
    const untilMs = Date.now() + HOUR_MS;
    await inventory.skipsChanged(skipsOf([entry, ...others].map((host) => [host, untilMs])));
    return inventory.skipMatch(entry);
  }

  it('is every host of that name, and each store that lists one', async () => {
    expect(await match('db2')).to.deep.equal({
      hosts: ['DB2:1', 'db2:1', 'db2:2'],
      stores: ['mysql/main', 'mysql/orders'],
      emptied: ['mysql/orders'],
    });
    expect(await match('dB2:1')).to.deep.equal({
      hosts: ['DB2:1', 'db2:1'],
      stores: ['mysql/main', 'mysql/orders'],
      emptied: ['mysql/orders'],
    });
  });

  it('names the metric that has hosts of its own and is left without any', async () => {
    expect(await match('db1')).to.deep.equal({
      hosts: ['db1:3306'],
      stores: ['mysql/main'],
      emptied: ['mysql/main/threads_running'],
    });
  });

  it('counts the hosts that other skips take out', async () => {
    const { emptied } = await match('db1', 'db2');
    expect(emptied).to.deep.equal(['mysql/main', 'mysql/main/threads_running']);
  });

  it('can be every host that counts for a metric', () => {
    const hosts = Array.from(inventory.skippable(), formatAddress);
    expect(hosts).to.deep.equal(['db1:3306', 'DB2:1', 'db2:2', 'db1:3306', 'db2:1']);
  });

  it('is nothing for a name that is not listed, or ignored anyway', async () => {
    const nothing = { hosts: [], stores: [], emptied: [] };
    for (const entry of ['db9', 'db3', 'db2:9', 'db']) {
      expect(await match(entry), entry).to.deep.equal(nothing);
    }
  });
});
