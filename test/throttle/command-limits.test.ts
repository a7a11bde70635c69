/** The bounds of commands, as forwarded by another node. */
import { expect } from 'chai';
import {
  commandFault,
  NAME_BYTES_MAX,
  NOTE_LENGTH_MAX,
  SHORT_TTL_MINUTES_MAX,
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
    { kind: 'exemptApp', atMs, key: 'a', expireAtMs: atMs + SHORT_TTL_MINUTES_MAX * 60_000 },
    { kind: 'unexemptApp', atMs, key: 'a', everyStore: true },
    { kind: 'setThreshold', atMs, key: 'mysql/a', value: 0, expireAtMs: atMs + 1 },
    { kind: 'resetThreshold', atMs, key: 'mysql/a', client: '2001:db8::1' },
    { kind: 'recoverHost', atMs, host: 'h', reason: '🐢'.repeat(NOTE_LENGTH_MAX), owner: 'dba' },
  ];
  for (const command of sound) {
    it(`finds nothing in a ${command.kind} of ${JSON.stringify(command).length} characters`, () => {
      expect(commandFault(command)).to.equal(null);
    });
  }

  const tooLateMs = atMs + SHORT_TTL_MINUTES_MAX * 60_000 + 1;
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
    [{ kind: 'exemptApp', atMs, key: 'a', expireAtMs: NO_EXPIRY }, 'a TTL of'],
    [{ kind: 'exemptApp', atMs, key: 'a', expireAtMs: tooLateMs }, 'not of up to 1440 minutes'],
    [{ kind: 'setThreshold', atMs, key: 'a', value: 1, expireAtMs: tooLateMs }, 'a TTL of'],
    [{ kind: 'setThreshold', atMs, key: 'a', value: -1, expireAtMs: atMs + 1 }, 'threshold of -1'],
    [
      { kind: 'setThreshold', atMs, key: 'a', value: Number.NaN, expireAtMs: atMs + 1 },
      'a threshold of NaN',
    ],
    [{ kind: 'recoverHost', atMs, host: 'h', reason: '' }, 'reason with no text'],
    [{ kind: 'recoverHost', atMs, host: 'h', owner: 'a\nb' }, 'owner with control characters'],
    [
      { kind: 'recoverHost', atMs, host: 'h', reason: '🐢'.repeat(NOTE_LENGTH_MAX + 1) },
      'reason with more than 200 characters',
    ],
    [{ kind: 'recoverHost', atMs, host: 'h', client: 'a'.repeat(65) }, 'a client'],
  ];
  for (const [command, fault] of faulty) {
    it(`finds ${fault} in a ${command.kind}`, () => {
      expect(commandFault(command)).to.contain(fault);
    });
  }
});
