/** The bounds of commands, as forwarded by another node. */
import { expect } from 'chai';
import {
  commandFault,
  NAME_BYTES_MAX,
  TTL_MINUTES_MAX,
} from '../../src/throttle/command-limits.js';
import { type Command, NO_EXPIRY } from '../../src/throttle/commands.js';

const atMs = 1_795_400_937_123;

describe('commandFault', () => {
  const latestMs = atMs + TTL_MINUTES_MAX * 60_000;
  const sound: Command[] = [
    { kind: 'throttleApp', atMs, key: 'a' },
    { kind: 'throttleApp', atMs, key: 'a', expireAtMs: NO_EXPIRY, ratio: 0 },
    { kind: 'throttleApp', atMs, key: 'n'.repeat(NAME_BYTES_MAX), expireAtMs: latestMs, ratio: 1 },
    { kind: 'unthrottleApp', atMs, key: 'a', everyStore: true },
    { kind: 'skipHost', atMs, host: 'h', expireAtMs: atMs + 1 },
    { kind: 'recoverHost', atMs, host: 'h' },
  ];
  for (const command of sound) {
    it(`finds nothing in a ${command.kind} of ${JSON.stringify(command).length} characters`, () => {
      expect(commandFault(command)).to.equal(null);
    });
  }

  const long = 'ö'.repeat(NAME_BYTES_MAX / 2 + 1);
  const faulty: Array<readonly [command: Command, fault: string]> = [
    [{ kind: 'throttleApp', atMs, key: long }, `a name of ${NAME_BYTES_MAX + 2} bytes`],
    [{ kind: 'unthrottleApp', atMs, key: long, everyStore: true }, 'a name of'],
    [{ kind: 'recoverHost', atMs, host: long }, 'a name of'],
    [{ kind: 'skipHost', atMs, host: long, expireAtMs: atMs + 1 }, 'a name of'],
    [{ kind: 'throttleApp', atMs, key: 'a', ratio: 1.5 }, 'ratio is 1.5'],
    [{ kind: 'throttleApp', atMs, key: 'a', expireAtMs: latestMs + 1 }, 'a TTL of'],
    [{ kind: 'throttleApp', atMs, key: 'a', expireAtMs: atMs - 1 }, 'a TTL of -1 ms'],
    [{ kind: 'skipHost', atMs, host: 'h', expireAtMs: NO_EXPIRY }, 'a TTL of'],
    [{ kind: 'skipHost', atMs, host: 'h', expireAtMs: Number.MAX_SAFE_INTEGER }, 'a TTL of'],
  ];
  for (const [command, fault] of faulty) {
    it(`finds ${fault} in a ${command.kind}`, () => {
      expect(commandFault(command)).to.contain(fault);
    });
  }
});
