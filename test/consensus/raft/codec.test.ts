/** Messages, proposals and snapshots, encoded and decoded; and bytes that are invalid. */
import { expect } from 'chai';
import { canRead, ownFeatures } from '../../../src/consensus/raft/codec/features.js';
import {
  decodeMessage,
  encodeMessage,
  type PeerMessage,
} from '../../../src/consensus/raft/codec/messages.js';
import { decodeProposal, encodeProposal } from '../../../src/consensus/raft/codec/proposals.js';
import {
  encodeImage,
  ImageAssembly,
  SNAPSHOT_CHUNK_BYTES_MAX,
} from '../../../src/consensus/raft/codec/snapshots.js';
import { wire } from '../../../src/consensus/raft/codec/wire.js';
import type { Command } from '../../../src/throttle/commands.js';
import { EMPTY_IMAGE, type StateImage, ThrottleState } from '../../../src/throttle/state.js';

const proposal = encodeProposal({
  session: 1,
  sequence: 1,
  command: { kind: 'recoverHost', atMs: 1, host: 'db1' },
});

const route = { from: 'a:1', to: 'b:2' };
const LARGE = Number.MAX_SAFE_INTEGER;

function throughTheWire(message: PeerMessage): PeerMessage {
  return decodeMessage(encodeMessage(message), route.from, route.to);
}

describe('messages between peers', () => {
  const messages: PeerMessage[] = [
    { kind: 'preVote', ...route, term: LARGE, lastIndex: 7, lastTerm: 2 },
    { kind: 'preVoteResponse', ...route, term: 3, granted: true },
    { kind: 'preVoteResponse', ...route, term: 0, granted: false },
    { kind: 'vote', ...route, term: 3, lastIndex: 0, lastTerm: 0, transferRound: 9 },
    { kind: 'voteResponse', ...route, term: 3, granted: true },
    {
      kind: 'append',
      ...route,
      term: 5,
      prevIndex: 3,
      prevTerm: 2,
      commit: 2,
      entries: [
        { index: 4, term: 2, data: proposal },
        { index: 5, term: 5, data: new Uint8Array(0) },
      ],
    },
    { kind: 'appendResponse', ...route, term: 5, index: LARGE, joining: true },
    { kind: 'appendReject', ...route, term: 5, prevIndex: 9, hintIndex: 4, hintTerm: 2 },
    { kind: 'heartbeat', ...route, term: 5, round: 12, commit: 4, majorityUnixMs: 0 },
    { kind: 'heartbeat', ...route, term: 5, round: 12, commit: 4, majorityUnixMs: LARGE },
    {
      kind: 'heartbeatResponse',
      ...route,
      term: 5,
      round: 0,
      lockoutMs: 350,
      unixMs: 1_795_400_937_123,
    },
    { kind: 'timeoutNow', ...route, term: 5, round: 12 },
    {
      kind: 'snapshotChunk',
      term: 5,
      snapshotIndex: 100,
      snapshotTerm: 4,
      sequence: 2,
      chunkCount: 3,
      chunk: new Uint8Array([9]),
    },
    { kind: 'snapshotAck', term: 5, snapshotIndex: 100, nextSequence: 0 },
    {
      kind: 'forward',
      proposals: [new Uint8Array([1]), new Uint8Array([2])],
      sequences: [8, LARGE],
    },
    { kind: 'forwardRefusal', sequences: [8, 9], reason: 'transferring' },
    { kind: 'forwardRefusal', sequences: [8], reason: 'unsupported' },
  ];

  for (const message of messages) {
    const { length } = JSON.stringify(message);
    it(`decodes a ${message.kind} message of ${length} characters as it was sent`, () => {
      expect(throughTheWire(message)).to.deep.equal(message);
    });
  }

  it('decodes a message without references to the receive buffer', () => {
    const entries = [{ index: 1, term: 1, data: proposal }];
    const append = {
      kind: 'append',
      ...route,
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      commit: 0,
      entries,
    } as const;
    const body = Buffer.from(encodeMessage(append));
    const decoded = decodeMessage(body, route.from, route.to);
    body.fill(0xff);
    expect(decoded).to.deep.equal(append);
  });

  const invalid: Array<readonly [what: string, body: Uint8Array]> = [
    ['random bytes', new Uint8Array([0xff, 0x01, 0x80, 0x80])],
    ['an unknown kind', new Uint8Array([0xfa, 0x06, 0x00])],
    ['a term of 0', wire.PeerMessage.encode({ append: { term: 0 } }).finish()],
    ['a truncated message', encodeMessage(messages[5]!).subarray(0, 10)],
    [
      'an append with decreasing terms',
      wire.PeerMessage.encode({
        append: { term: 3, prevIndex: 1, prevTerm: 2, entries: [{ term: 1 }] },
      }).finish(),
    ],
    [
      'an entry of a later term than its leader',
      wire.PeerMessage.encode({ append: { term: 3, entries: [{ term: 4 }] } }).finish(),
    ],
    [
      'an index above 2^53',
      wire.PeerMessage.encode({ appendResponse: { term: 1, index: 2 ** 60 } }).finish(),
    ],
    [
      'a chunk beyond the last',
      wire.PeerMessage.encode({
        snapshotChunk: { term: 1, snapshotIndex: 1, snapshotTerm: 1, sequence: 3, chunkCount: 3 },
      }).finish(),
    ],
    [
      'a forward without sequence numbers',
      wire.PeerMessage.encode({ forward: { proposals: [new Uint8Array([1])] } }).finish(),
    ],
  ];
  for (const [what, body] of invalid) {
    it(`refuses ${what} as a message`, () => {
      expect(() => decodeMessage(body, route.from, route.to))
        .to.throw()
        .with.property('code', 'PROTOCOL');
    });
  }
});

describe('entries in an append', () => {
  function appendOf(data: Uint8Array): Uint8Array {
    const append = { term: 1, entries: [{ term: 1, data }] };
    return wire.PeerMessage.encode({ append }).finish();
  }

  it('are refused with the kind of their command when a newer release wrote it', () => {
    // A Proposal: session 1, sequence 1, a Command with at_ms 1 and an empty field 15.
    const newer = new Uint8Array([8, 1, 16, 1, 26, 4, 8, 1, 0x7a, 0]);
    expect(() => decodeMessage(appendOf(newer), route.from, route.to))
      .to.throw('a command of kind 15, which this release does not know')
      .with.property('code', 'PROTOCOL');
  });

  it('are refused when they cannot be decoded', () => {
    expect(() => decodeMessage(appendOf(new Uint8Array([0xff])), route.from, route.to))
      .to.throw('a proposal cannot be decoded')
      .with.property('code', 'PROTOCOL');
  });
});

/** Of each kind, one that the first releases read, and with what only level 1 knows. */
const earlierCommands: Command[] = [
  { kind: 'throttleApp', atMs: 1_795_400_937_123, key: 'archive/main1', expireAtMs: 0, ratio: 0 },
  { kind: 'throttleApp', atMs: 1, key: 'archive' },
  { kind: 'throttleApp', atMs: 1, key: 'ärger', ratio: 0.25, client: '2001:db8::1' },
  { kind: 'unthrottleApp', atMs: 1, key: 'archive', everyStore: true },
  { kind: 'unthrottleApp', atMs: 1, key: 'archive', everyStore: false },
  { kind: 'skipHost', atMs: 1, host: 'db1', expireAtMs: 1_795_400_937_123 },
  { kind: 'recoverHost', atMs: 1, host: 'db1', client: '10.0.0.1' },
  { kind: 'recoverHost', atMs: 1, host: 'db1', caller: 'token ci', node: 'b:1' },
];
const laterCommands: Command[] = [
  { kind: 'throttleApp', atMs: 1, key: '*', ratio: 1 },
  { kind: 'throttleApp', atMs: 1, key: 'archive', expireAtMs: 0, reason: 'läuft 🐢', owner: 'dba' },
  { kind: 'unthrottleApp', atMs: 1, key: 'archive', everyStore: true, owner: 'dba' },
  { kind: 'skipHost', atMs: 1, host: 'db1', expireAtMs: 1_795_400_937_123, reason: 'broken' },
  { kind: 'recoverHost', atMs: 1, host: 'db1', reason: 'mended', client: '10.0.0.1' },
  { kind: 'exemptApp', atMs: 1, key: 'archive', expireAtMs: 9, reason: 'r' },
  { kind: 'unexemptApp', atMs: 1, key: 'archive', everyStore: true },
  { kind: 'setThreshold', atMs: 1, key: 'mysql/s', value: 0, expireAtMs: 9 },
  { kind: 'setThreshold', atMs: 1, key: 'mysql/s/threads', value: 1e9, expireAtMs: 9, owner: 'o' },
  { kind: 'resetThreshold', atMs: 1, key: 'mysql/s' },
];
const identity: Command = { kind: 'identifyCluster', atMs: 1, clusterId: 'c-1' };

describe('features', () => {
  it('of this release include all commands', () => {
    for (const command of [...earlierCommands, ...laterCommands, identity]) {
      expect(canRead(ownFeatures, command), JSON.stringify(command)).to.equal(true);
    }
  });

  it('of the release before, and of the first one, include what those read', () => {
    for (const command of earlierCommands) expect(canRead([], command)).to.equal(true);
    expect(canRead([], identity)).to.equal(false);
    const before = ['crc32c', 'command:identifyCluster'];
    expect(canRead(before, identity)).to.equal(true);
    for (const command of laterCommands) {
      expect(canRead(before, command), JSON.stringify(command)).to.equal(false);
    }
  });
});

describe('proposals', () => {
  for (const command of [...earlierCommands, ...laterCommands, identity]) {
    it(`decodes a proposal as it was encoded: ${JSON.stringify(command)}`, () => {
      const proposal = { session: LARGE, sequence: 7, command };
      expect(decodeProposal(encodeProposal(proposal))).to.deep.equal(proposal);
    });
  }

  it('puts what the first releases would miss where they find no command', () => {
    const kinds = ['throttleApp', 'unthrottleApp', 'skipHost', 'recoverHost'] as const;
    const readsOf = (command: Command): unknown[] => {
      const bytes = encodeProposal({ session: 1, sequence: 1, command });
      const decoded = wire.Proposal.decode(bytes).command!;
      return kinds.filter((kind) => decoded[kind] != null);
    };
    for (const command of earlierCommands) expect(readsOf(command)).to.deep.equal([command.kind]);
    for (const command of laterCommands) expect(readsOf(command)).to.deep.equal([]);
  });

  it('refuses to encode a proposal that is too large for the log', () => {
    const command: Command = { kind: 'recoverHost', atMs: 1, host: 'h'.repeat(70_000) };
    expect(() => encodeProposal({ session: 1, sequence: 1, command }))
      .to.throw()
      .with.property('code', 'BAD_REQUEST');
  });

  const invalid = {
    'no command': { session: 1, sequence: 1 },
    'a command of no kind': { session: 1, sequence: 1, command: { atMs: 1 } },
    'no name': { session: 1, sequence: 1, command: { atMs: 1, recoverHost: {} } },
    'no session': { sequence: 1, command: { atMs: 1, recoverHost: { host: 'h' } } },
    'a ratio above 1': {
      session: 1,
      sequence: 1,
      command: { throttleApp: { key: 'a', ratio: 2 } },
    },
    'an exemption without end': {
      session: 1,
      sequence: 1,
      command: { exemptApp: { key: 'a' } },
    },
    'a threshold below 0': {
      session: 1,
      sequence: 1,
      command: { setThreshold: { key: 'a', value: -1, expireAtMs: 9 } },
    },
    'a ratio that is not a number': {
      session: 1,
      sequence: 1,
      command: { throttleApp: { key: 'a', ratio: Number.NaN } },
    },
  };
  for (const [what, proposal] of Object.entries(invalid)) {
    it(`refuses a proposal with ${what}`, () => {
      const bytes = wire.Proposal.encode(proposal).finish();
      expect(() => decodeProposal(bytes))
        .to.throw()
        .with.property('code', 'PROTOCOL');
    });
  }
});

describe('snapshots in chunks', () => {
  function throughChunks(image: StateImage): { image: StateImage; sizes: number[] } {
    const assembly = new ImageAssembly();
    const sizes: number[] = [];
    for (const chunk of encodeImage(image)) {
      sizes.push(chunk.length);
      assembly.add(chunk);
    }
    return { image: assembly.image(), sizes };
  }

  it('encodes an empty state in one chunk', () => {
    const image = { ...EMPTY_IMAGE, clusterId: 'c-1', sweptAtMs: 3 };
    expect(throughChunks(image)).to.deep.equal({ image, sizes: [9] });
  });

  it('encodes a large state in many small chunks', () => {
    const image: StateImage = {
      ...EMPTY_IMAGE,
      throttledApps: Array.from({ length: 20_000 }, (_, at) => [
        `app-${at}`,
        { expireAtMs: at, ratio: at / 20_000 },
      ]),
      skippedHosts: Array.from({ length: 5_000 }, (_, at) => [`host-${at}`, { expireAtMs: at }]),
    };
    const { image: restored, sizes } = throughChunks(image);
    expect(restored).to.deep.equal(image);
    expect(sizes.length).to.be.greaterThan(5);
    expect(Math.max(...sizes)).to.be.lessThan(SNAPSHOT_CHUNK_BYTES_MAX / 4);
  });

  /** The state after these commands. */
  function imageAfter(commands: readonly Command[]): StateImage {
    const state = new ThrottleState();
    for (const command of commands) state.apply(command);
    return state.image();
  }

  it('encodes all that a state holds', () => {
    for (const commands of [earlierCommands, [...earlierCommands, ...laterCommands, identity]]) {
      const image = imageAfter(commands);
      expect(throughChunks(image).image).to.deep.equal(image);
    }
  });

  it('lets nodes of the first level read a state that has nothing new to them', () => {
    const [first] = encodeImage(imageAfter([...earlierCommands, identity]));
    expect(wire.StateChunk.decode(first!)).to.have.property('clock').that.is.not.equal(undefined);
  });

  it('keeps nodes of the first level from reading a state of which they would lose a part', () => {
    for (const command of laterCommands) {
      const [first] = encodeImage(imageAfter([...earlierCommands, command]));
      expect(wire.StateChunk.decode(first!).clock ?? null).to.equal(null);
    }
  });

  it('refuses a state of a later level', () => {
    const bytes = wire.StateChunk.encode({ header: { sweptAtMs: 1, level: 2 } }).finish();
    expect(() => new ImageAssembly().add(bytes)).to.throw('a snapshot of level 2');
  });

  it('keeps many long reasons in small chunks', () => {
    const note = { atMs: 1, reason: 'r'.repeat(200), owner: 'o'.repeat(200) };
    const image: StateImage = {
      ...EMPTY_IMAGE,
      level: 1,
      exemptedApps: Array.from({ length: 3_000 }, (_, at) => [
        `app-${at}`,
        { expireAtMs: 1, note },
      ]),
      recentCommands: Array.from({ length: 1_000 }, (_, at) => ({
        ...{ kind: 'recoverHost', atMs: at, host: 'h' },
        ...{ reason: note.reason, client: '10.0.0.1' },
      })),
    };
    const { image: restored, sizes } = throughChunks(image);
    expect(restored).to.deep.equal(image);
    expect(Math.max(...sizes)).to.be.lessThan(SNAPSHOT_CHUNK_BYTES_MAX / 4);
  });

  it('refuses chunks of which the first is missing or comes twice', () => {
    const [first] = encodeImage({ ...EMPTY_IMAGE, sweptAtMs: 1 });
    const assembly = new ImageAssembly();
    expect(() => assembly.add(new Uint8Array(0))).to.throw('out of order');
    assembly.add(first!);
    expect(() => assembly.add(first!)).to.throw('out of order');
  });
});
