/** Servers that hang at the login: those count the logins that their clients give up. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { error } from '../../src/demo/mysql/packets.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { LOGINS_MAX } from '../../src/stores/prober/mysql/login-gate.js';
import type { MetricChanges } from '../support/cluster-settings.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { OddMySQL } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const STORES = [1, 2, 3, 4, 5, 6];
const QUERY = { metricQuery: 'select 1' };

/** A user for each store, so that they share no probe. */
function ofStore(slot: number): MetricChanges {
  return { ...QUERY, user: `freno${slot}` };
}

describe('a server that does not answer logins', () => {
  let probing: Probing;

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(() => probing.stop());

  it('has one login of each store, an error each second, and is read when it answers', async () => {
    const server = await SimulatedMySQL.listen({ value: 0.5 });
    try {
      await server.setFault({ kind: 'hang' });
      for (const slot of STORES) await probing.assign(slot, [server], ofStore(slot));
      for (const slot of STORES) expect(await probing.error(slot)).to.include('i/o timeout');
      await pause(3_000);
      expect(server.connections).to.equal(STORES.length);
      expect((await probing.statistics()).error).to.be.within(15, 30);
      await server.setFault({ kind: 'none' });
      const startedAtMs = monotonicMs();
      for (const slot of STORES) await probing.value(slot);
      expect(monotonicMs() - startedAtMs).to.be.below(2_000);
    } finally {
      await server.close();
    }
  });

  it('has a bounded number of logins, however many stores list it', async () => {
    const server = await SimulatedMySQL.listen({ value: 0.5 });
    const slots = Array.from({ length: 2 * LOGINS_MAX }, (_, slot) => slot + 1);
    try {
      await server.setFault({ kind: 'hang' });
      for (const slot of slots) await probing.assign(slot, [server], ofStore(slot));
      for (const slot of slots) expect(await probing.error(slot)).to.match(/i\/o timeout|logins/);
      await pause(1_500);
      expect(server.connections).to.equal(LOGINS_MAX);
      await server.setFault({ kind: 'none' });
      const startedAtMs = monotonicMs();
      for (const slot of slots) await probing.value(slot);
      expect(monotonicMs() - startedAtMs).to.be.below(1_500);
      expect(server.connections).to.equal(slots.length);
    } finally {
      await server.close();
    }
  });

  it('says what to do where it takes no connection', async () => {
    const refusals = [
      [1129, "Host '10.0.0.1' is blocked", /Error 1129 .*FLUSH HOSTS/],
      [1040, 'Too many connections', /Error 1040 .*max_connections/],
    ] as const;
    for (const [code, message, text] of refusals) {
      const server = await OddMySQL.listen(() => ({
        greet: (socket) => socket.end(error(0, code, 'HY000', message)),
      }));
      await probing.assign(code, [server], QUERY);
      expect(await probing.error(code)).to.match(text);
      await server.close();
    }
  });

  describe('that is real', () => {
    let server: MariaDb;

    before(async function () {
      needMariaDb(this);
      server = await MariaDb.start(['--skip-log-bin', '--max-connect-errors=3']);
      await server.run(
        ...STORES.map((slot) => `create user freno${slot} identified by 'secret-of-freno'`),
      );
    });

    after(() => server?.stop());

    it('is not left with logins that were given up', async () => {
      await server.freeze();
      try {
        for (const slot of STORES) {
          await probing.assign(slot, [server], ofStore(slot));
        }
        for (const slot of STORES) await probing.error(slot);
        await pause(2_500);
      } finally {
        server.thaw();
      }
      for (const slot of STORES) expect(await probing.value(slot)).to.equal(1);
      const [row] = await server.run("show global status like 'Aborted_connects'");
      expect(Number(row!.Value)).to.equal(0);
      await until(async () => (await probing.statistics()).error > 0);
    });
  });
});
