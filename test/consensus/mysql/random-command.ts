/** Random commands on few names, which are as odd as LIKE and ports make them. */
import { NO_EXPIRY, type OperatorCommand } from '../../../src/throttle/commands.js';
import type { SeededRandom } from '../../support/random.js';

const MINUTE_MS = 60_000;
const NAMES = ['a', 'a/s', 'a/t', 'ab', 'a_', 'a_/s', 'b%', 'b%/s', 'bc/s'];

/** Names of hosts and of single ports, with the wildcards of LIKE. */
const HOSTS = ['h', 'h:1', 'H:2', 'h_', 'hx:1', 'h_:1', 'h%', '2001', '2001::1', '[2001::1]:1'];

/** Of a kind that the original knows. */
export function randomCommand(random: SeededRandom): OperatorCommand {
  const atMs = Date.now();
  const key = random.pick(NAMES);
  const expireAtMs = atMs + (1 + random.below(100)) * MINUTE_MS;
  const kind = random.next();
  if (kind < 0.5) {
    const ttl = random.next();
    return {
      kind: 'throttleApp',
      atMs,
      key,
      ...(ttl < 0.4 ? {} : { expireAtMs: ttl < 0.6 ? NO_EXPIRY : expireAtMs }),
      ...(random.chance(0.5) ? {} : { ratio: Math.round(random.next() * 10) / 10 }),
    };
  }
  if (kind < 0.8) return { kind: 'unthrottleApp', atMs, key, everyStore: random.chance(0.5) };
  const host = random.pick(HOSTS);
  if (kind < 0.9) return { kind: 'skipHost', atMs, host, expireAtMs };
  return { kind: 'recoverHost', atMs, host };
}
