/** A fleet of simulated servers, as its owner steers it. */
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

  it('runs in a process of its own, each server on a port of its own', async () => {
    expect(new Set(fleet.hosts).size).to.equal(2);
    expect([await metricOf(0), await metricOf(1)]).to.deep.equal([1, 2]);
    expect(await fleet.statistics()).to.include({ queries: 2 });
  });

  it('says when a change was in force', async () => {
    const before = monotonicMs();
    const changedAtMs = await fleet.change([{ server: 1, value: 7 }]);
    expect(changedAtMs).to.be.within(before, monotonicMs());
    expect([await metricOf(0), await metricOf(1)]).to.deep.equal([1, 7]);
  });

  it('refuses a change of a server that it does not have', async () => {
    const failure = await fleet.change([{ server: 2, value: 7 }]).catch((error: Error) => error);
    expect(failure).to.be.an('error').with.property('message').that.contains('no server 2');
  });

  it('fails what is asked of it after its end', async () => {
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
