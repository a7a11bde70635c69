/** Stores of which a leader knows no hosts, because it never could read who they are. */
import { expect } from 'chai';
import { FrenoError } from '../../src/base/errors.js';
import { createLogger } from '../../src/base/log.js';
import { Board } from '../../src/board/board.js';
import { Inventory } from '../../src/stores/main/inventory.js';
import { clusterSettings } from '../support/cluster-settings.js';
import { until } from '../support/until.js';

describe('a store whose list of hosts cannot be read', () => {
  it('is unlisted until it has been read once, and not while it is being read', async () => {
    let settle: (failure: FrenoError | null) => void = () => {};
    const read = () =>
      new Promise<{ hosts: { host: string; port: number }[]; problem: string }>(
        (resolve, reject) => {
          const list = { hosts: [{ host: 'a', port: 3306 }], problem: '' };
          settle = (failure) => (failure === null ? resolve(list) : reject(failure));
        },
      );
    const inventory = new Inventory({
      board: Board.create(8),
      prober: { assign: async () => {}, lead: () => {} },
      logger: createLogger({ level: 'silent' as 'error', stacks: false }, 'test'),
      metricsMax: 8,
      readerFor: ({ hosts }) => (hosts.kind === 'none' ? null : { read }),
    });
    const refused = new FrenoError('HOST_SOURCE', 'connection refused');
    const source = { kind: 'haproxy', caFile: '', addresses: ['lb'], poolName: 'p' } as const;
    await inventory.replaceClusters([
      clusterSettings('main', source),
      clusterSettings('bare', { kind: 'none' }),
    ]);
    expect(inventory.unlistedStores(), 'while the first reading is in flight').to.deep.equal([]);
    settle(refused);
    await until(() => inventory.unlistedStores().length > 0);
    expect(inventory.unlistedStores()).to.deep.equal(['main']);
    inventory.refreshNow();
    settle(null);
    await until(() => inventory.unlistedStores().length === 0);
    inventory.refreshNow();
    settle(refused);
    await until(() => inventory.reportOf('main')!.error !== '');
    expect(inventory.unlistedStores(), 'the last good list stays').to.deep.equal([]);
    inventory.stop();
  });
});
