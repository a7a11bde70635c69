/** A fleet of simulated servers in a child process. */
import { expect } from 'chai';
import { createConnection } from 'mysql2';
import { monotonicMs } from '../../src/base/clock.js';
import { Fleet } from '../../src/demo/fleet.js';

describe('a fleet of simulated servers', () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await Fleet.start([{ value: 1 }, { value: 2 }]);
  });

  afterEach(() => fleet.stop());

  it('runs in a child process, with each server on its own port', async () => {
    expect(new Set(fleet.hosts).size).to.equal(2);
    expect([await metricOf(0), await metricOf(1)]).to.deep.equal([1, 2]);
    expect(await fleet.statistics()).to.include({ queries: 2 });
  });

  it('reports when a change was in effect', async () => {
    const before = monotonicMs();
    const changedAtMs = await fleet.change([{ server: 1, value: 7 }]);
    expect(changedAtMs).to.be.within(before, monotonicMs());
    expect([await metricOf(0), await metricOf(1)]).to.deep.equal([1, 7]);
  });

  it('rejects a change of a server that does not exist', async () => {
    const failure = await fleet.change([{ server: 2, value: 7 }]).catch((error: Error) => error);
    expect(failure).to.be.an('error').with.property('message').that.contains('no server 2');
  });

  it('rejects calls after its end', async () => {
    await fleet.stop();
    const failure = await fleet.statistics().catch((error: Error) => error);
    expect(failure).to.be.an('error');
  });

  async function metricOf(server: number): Promise<unknown> {
    const { host, port } = fleet.addresses[server]!;
    const connection = createConnection({ host, port, user: 'freno' });
    try {
      return await new Promise((resolve, reject) => {
        connection.query('select 1', (error, rows) => {
          if (error) reject(error);
          else resolve((rows as unknown as Array<{ value: number }>)[0]?.value);
        });
      });
    } finally {
      connection.destroy();
    }
  }
});
