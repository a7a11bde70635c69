/**
 * A server whose bytes are mutated at every step of a connection, beside a healthy one: what it
 * sends is an error of its own, or a value, and nothing else.
 */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { error, handshake, ok, resultSet } from '../../src/demo/mysql/packets.js';
import { MetricState } from '../../src/throttle/metric.js';
import { mutatedBytes } from '../support/mutated-bytes.js';
import { OddMySQL, type SessionScript } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';
import { SeededRandom } from '../support/random.js';
import { until } from '../support/until.js';

const HEALTHY = 1;
const ODD = Array.from({ length: 30 }, (_, number) => number + 2);
const CONNECTIONS = 150;
const DROP_INTERVAL_MS = 150;

function script(seed: number): SessionScript {
  const random = new SeededRandom(seed);
  const step = random.below(4);
  const columns = [{ name: 'value', type: 'number' }] as const;
  const results = [
    resultSet(columns, [[0.5]]),
    resultSet([...columns, ...columns], [[1, null]]),
    resultSet(columns, []),
    error(1, 1146, '42S02', 'no such table'),
    ok(1),
  ];
  return {
    ...(step === 0 && {
      greet: (socket) => socket.write(mutatedBytes(handshake('8.4.3-odd', 1), random)),
    }),
    ...(step === 1 && { logIn: (socket) => socket.write(mutatedBytes(ok(2), random)) }),
    answer: (sql) => {
      if (/^set/i.test(sql)) return step === 2 ? mutatedBytes(ok(1), random) : null;
      return mutatedBytes(results[random.below(results.length)]!, random);
    },
  };
}

describe('a server that sends mutated bytes', () => {
  it('costs a healthy store nothing', async () => {
    const probing = new Probing();
    const servers = [await OddMySQL.listen()];
    let seed = Date.now();
    try {
      await probing.assign(HEALTHY, [servers[0]!], { metricQuery: 'select 1' });
      await probing.value(HEALTHY);
      for (const slot of ODD) {
        const odd = await OddMySQL.listen(() => script(seed++));
        servers.push(odd);
        await probing.assign(slot, [odd], { metricQuery: 'select 1' });
      }
      let oldestMs = 0;
      let droppedAtMs = 0;
      await until(
        () => {
          const { state, readAtMs } = probing.read(HEALTHY);
          expect(state, `near seed ${seed}`).to.equal(MetricState.ok);
          oldestMs = Math.max(oldestMs, monotonicMs() - readAtMs);
          const accepted = servers.slice(1).reduce((sum, server) => sum + server.accepted, 0);
          // Those that wait for the rest of a packet are closed, to be followed by others.
          if (monotonicMs() - droppedAtMs >= DROP_INTERVAL_MS) {
            droppedAtMs = monotonicMs();
            for (const odd of servers.slice(1)) odd.dropAll();
          }
          return accepted >= CONNECTIONS;
        },
        20_000,
        () => `seed ${seed}`,
      );
      expect(oldestMs, `near seed ${seed}`).to.be.below(500);
    } finally {
      await probing.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});
