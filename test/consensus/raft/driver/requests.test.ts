/** What becomes of requests: done, refused, unknown. */
import { expect } from 'chai';
import type { Forward, PeerMessage } from '../../../../src/consensus/raft/codec/messages.js';
import { decodeProposal, encodeProposal } from '../../../../src/consensus/raft/codec/proposals.js';
import type {
  Entry,
  NodeId,
  Proposed,
  RaftCore,
  SoftState,
} from '../../../../src/consensus/raft/core/types.js';
import { Requests } from '../../../../src/consensus/raft/driver/requests.js';
import type { RequestResult } from '../../../../src/consensus/raft/driver-types.js';
import { type Command, NO_EFFECT, NO_EXPIRY } from '../../../../src/throttle/commands.js';
import { throttle } from '../support/cluster.js';

const TIMEOUT_TICKS = 5;
const LEADER = 'leader:1';
const DONE = { kind: 'done', effect: NO_EFFECT };

/** As much of a core as requests need: it accepts or refuses proposals. */
class FakeCore implements Pick<RaftCore, 'soft' | 'propose' | 'readIndex'> {
  soft: SoftState = {
    role: 'leader',
    term: 3,
    leader: 'self:1',
    leaseRound: 0,
    leaseLockoutMs: 0,
    transferTo: null,
    loss: null,
  };
  proposal: Proposed = { accepted: true, firstIndex: 10, term: 3 };
  readonly proposed: Uint8Array[] = [];
  readonly waiting: NodeId[] = [];

  propose(commands: readonly Uint8Array[], waiting: readonly NodeId[] = []): Proposed {
    this.proposed.push(...commands);
    this.waiting.push(...waiting);
    return this.proposal;
  }

  readIndex(): null {
    return null;
  }

  follow(leader: NodeId | null): void {
    this.soft = { ...this.soft, role: 'follower', leader };
  }
}

describe('raft requests', () => {
  let core: FakeCore;
  let sent: PeerMessage[];
  let isConnected: boolean;
  let requests: Requests;
  let results: RequestResult[];
  let clusterMs: number | null;
  /** Kinds of commands that some member cannot read. */
  let unreadable: string[];
  /** Keys for which the table has no room, and since when. */
  let fullSinceMs: Map<string, number>;
  let readsFull: boolean;

  beforeEach(() => {
    clusterMs = Date.now();
    core = new FakeCore();
    sent = [];
    isConnected = true;
    results = [];
    unreadable = [];
    fullSinceMs = new Map();
    readsFull = true;
    const members = {
      canAllRead: ({ kind }: Command) => !unreadable.includes(kind),
      readsFull: () => readsFull,
    };
    const options = { session: 77, timeoutTicks: TIMEOUT_TICKS, members };
    requests = new Requests(options, (_to, message) => {
      if (isConnected) sent.push(message);
      return isConnected;
    });
  });

  function submit(key = 'app'): void {
    requests.submit(throttle(key), (result) => results.push(result));
  }

  function flush(): void {
    requests.flush(core as unknown as RaftCore, clusterMs, isFullFor);
  }

  function isFullFor(command: Command, atMs: number): boolean {
    const sinceMs = 'key' in command ? fullSinceMs.get(command.key) : undefined;
    return sinceMs !== undefined && sinceMs <= atMs;
  }

  function forwarded(key: string): Forward {
    const proposal = { session: 99, sequence: 5, command: throttle(key) };
    return { kind: 'forward', proposals: [encodeProposal(proposal)], sequences: [5] };
  }

  function committed(data: readonly Uint8Array[], index: number, term: number) {
    const entries: Entry[] = data.map((bytes, at) => ({ index: index + at, term, data: bytes }));
    return requests.committed(entries);
  }

  /** Applies what was proposed or sent, as entries from `index` on. */
  function commit(data: readonly Uint8Array[], index: number, term: number): void {
    const { own, commands } = committed(data, index, term);
    requests.applied(
      own,
      commands.map(() => ({ lifted: 0 })),
    );
  }

  function ticks(count: number): void {
    for (let tick = 0; tick < count; tick++) requests.tick();
  }

  it('completes a request once its entry is applied', () => {
    submit();
    submit();
    flush();
    commit(core.proposed, 10, 3);
    expect(results).to.deep.equal([DONE, DONE]);
    expect(requests.pending).to.equal(0);
  });

  it('refuses a request when another entry took its place, and applies that one', () => {
    submit();
    flush();
    const { commands, own } = committed(forwarded('other').proposals, 10, 4);
    expect(commands.map((command) => 'key' in command && command.key)).to.deep.equal(['other']);
    expect(own).to.deep.equal([null]);
    expect(results).to.deep.equal([{ kind: 'refused', refusal: 'notLeader' }]);
  });

  it('reports an unknown outcome at the time-out, and nothing else when applied later', () => {
    submit();
    flush();
    ticks(TIMEOUT_TICKS - 1);
    expect(results).to.deep.equal([]);
    ticks(1);
    commit(core.proposed, 10, 3);
    expect(results).to.deep.equal([{ kind: 'unknown' }]);
  });

  it('reports an unknown outcome when a snapshot replaced the entry of a request', () => {
    submit();
    flush();
    requests.restored(9);
    expect(results).to.deep.equal([]);
    requests.restored(10);
    expect(results).to.deep.equal([{ kind: 'unknown' }]);
  });

  it('forwards a request to the leader and completes it once it is applied here', () => {
    core.follow(LEADER);
    submit();
    flush();
    const [forward] = sent;
    if (forward?.kind !== 'forward') throw new Error('nothing was forwarded');
    expect(core.proposed).to.deep.equal([]);
    commit(forward.proposals, 50, 3);
    expect(results).to.deep.equal([DONE]);
  });

  it('holds requests on a leader that does not know the time of the cluster yet', () => {
    clusterMs = null;
    submit();
    flush();
    expect(core.proposed).to.deep.equal([]);
    clusterMs = Date.now();
    flush();
    expect(core.proposed).to.have.length(1);
  });

  it('counts a request of a node with a wrong clock from the leader’s time', () => {
    const day = 86_400_000;
    const at = Date.now() + day;
    const commands: Command[] = [
      { kind: 'throttleApp', atMs: at, key: 'a', expireAtMs: at + 60_000, ratio: 0.5 },
      { kind: 'throttleApp', atMs: at, key: 'b', ratio: 0.5 },
      { kind: 'throttleApp', atMs: at, key: 'c', expireAtMs: NO_EXPIRY },
      { kind: 'skipHost', atMs: at, host: 'h', expireAtMs: at + 60_000 },
      { kind: 'unthrottleApp', atMs: at, key: 'a', everyStore: true },
    ];
    for (const command of commands) requests.submit(command, () => {});
    clusterMs = at - day;
    flush();
    const inLog = core.proposed.map((data) => decodeProposal(data).command);
    expect(inLog).to.deep.equal([
      { ...commands[0], atMs: at - day, expireAtMs: at - day + 60_000 },
      { ...commands[1], atMs: at - day },
      { ...commands[2], atMs: at - day },
      { ...commands[3], atMs: at - day, expireAtMs: at - day + 60_000 },
      { ...commands[4], atMs: at - day },
    ]);
    // What the other nodes read from their logs.
    expect(committed(core.proposed, 10, 3).commands).to.deep.equal(inLog);
  });

  it('keeps a request expired that was expired before it arrived', () => {
    requests.submit({ kind: 'throttleApp', atMs: 5_000_000, key: 'a', expireAtMs: 1 }, () => {});
    clusterMs = 1_000;
    flush();
    const { command } = decodeProposal(core.proposed[0]!);
    expect(command).to.deep.equal({ kind: 'throttleApp', atMs: 1_000, key: 'a', expireAtMs: 1 });
  });

  it('leaves a recent request unchanged', () => {
    const command = { ...throttle('a'), atMs: 5_000_000 };
    requests.submit(command, () => {});
    clusterMs = 5_000_900;
    flush();
    expect(decodeProposal(core.proposed[0]!).command).to.deep.equal(command);
  });

  it('lets the leader announce the commit at once for a request of a follower', () => {
    core.follow(LEADER);
    submit();
    flush();
    const [forward] = sent;
    if (forward?.kind !== 'forward') throw new Error('nothing was forwarded');
    const leader = new FakeCore();
    requests.forwarded('follower:1', forward);
    requests.flush(leader as unknown as RaftCore, Date.now(), () => false);
    expect(leader.proposed).to.have.length(1);
    expect(leader.waiting).to.deep.equal(['follower:1']);
  });

  it('refuses a request when the leader refuses, is unreachable or unknown', () => {
    core.follow(LEADER);
    submit();
    flush();
    const [forward] = sent;
    if (forward?.kind !== 'forward') throw new Error('nothing was forwarded');
    requests.forwardRefused({
      kind: 'forwardRefusal',
      sequences: forward.sequences,
      reason: 'overloaded',
    });
    isConnected = false;
    submit();
    flush();
    core.follow(null);
    submit();
    flush();
    expect(results).to.deep.equal([
      { kind: 'refused', refusal: 'overloaded' },
      { kind: 'refused', refusal: 'notLeader' },
      { kind: 'refused', refusal: 'notLeader' },
    ]);
  });

  it('refuses before it is proposed what has no room in its table', () => {
    fullSinceMs.set('full', 0);
    for (const key of ['a', 'full', 'b']) submit(key);
    flush();
    expect(results).to.deep.equal([{ kind: 'refused', refusal: 'full' }]);
    expect(core.proposed.map((data) => decodeProposal(data).command)).to.have.length(2);
    submit('full');
    flush();
    expect([core.proposed.length, results.length]).to.deep.equal([2, 2]);
  });

  it('judges whether there is room at the later of both times that a command may get', () => {
    fullSinceMs.set('soon', clusterMs! + 500);
    clusterMs! += 1_000;
    submit('soon');
    flush();
    expect(results).to.deep.equal([{ kind: 'refused', refusal: 'full' }]);
  });

  it('lets the leader judge whether there is room', () => {
    fullSinceMs.set('full', 0);
    core.follow(LEADER);
    submit('full');
    flush();
    expect(sent.map(({ kind }) => kind)).to.deep.equal(['forward']);
    requests.forwardRefused({ kind: 'forwardRefusal', sequences: [78], reason: 'full' });
    expect(results).to.deep.equal([{ kind: 'refused', refusal: 'full' }]);
  });

  it('answers a peer that there is no room, and proposes where it would not understand', () => {
    fullSinceMs.set('full', 0);
    requests.forwarded('other:1', forwarded('full'));
    flush();
    const refusal = { kind: 'forwardRefusal', sequences: [5], reason: 'full' };
    expect([sent, core.proposed]).to.deep.equal([[refusal], []]);
    readsFull = false;
    requests.forwarded('other:1', forwarded('full'));
    flush();
    expect([sent.length, core.proposed.length]).to.deep.equal([1, 1]);
  });

  it('proposes the requests of a peer unchanged, or refuses them', () => {
    const other = new Requests(
      { session: 99, timeoutTicks: 5, members: { canAllRead: () => true, readsFull: () => true } },
      (_to, message) => sent.push(message) > 0,
    );
    const follower = new FakeCore();
    follower.follow(LEADER);
    other.submit(throttle('a'), () => {});
    other.flush(follower as unknown as RaftCore, null, () => true);
    const forward = sent.pop();
    if (forward?.kind !== 'forward') throw new Error('nothing was forwarded');
    requests.forwarded('other:1', forward);
    flush();
    expect(core.proposed).to.deep.equal(forward.proposals);
    core.follow(LEADER);
    requests.forwarded('other:1', forward);
    flush();
    expect(sent).to.deep.equal([
      { kind: 'forwardRefusal', sequences: forward.sequences, reason: 'notLeader' },
    ]);
  });

  it('refuses what some member cannot read, of its own clients and of peers', () => {
    const exempt: Command = {
      ...{ kind: 'exemptApp', atMs: Date.now(), key: 'a' },
      expireAtMs: Date.now() + 60_000,
    };
    const commands = [throttle('a'), exempt, throttle('b')];
    const proposals = commands.map((command, sequence) =>
      encodeProposal({ session: 1, sequence: sequence + 1, command }),
    );
    unreadable = ['exemptApp'];
    requests.submit(exempt, (result) => results.push(result));
    expect(results).to.deep.equal([{ kind: 'refused', refusal: 'unsupported' }]);
    requests.forwarded('other:1', { kind: 'forward', proposals, sequences: [7, 8, 9] });
    flush();
    expect(core.proposed).to.deep.equal([proposals[0], proposals[2]]);
    expect(sent).to.deep.equal([{ kind: 'forwardRefusal', sequences: [8], reason: 'unsupported' }]);
    unreadable = [];
    requests.forwarded('other:1', { kind: 'forward', proposals, sequences: [7, 8, 9] });
    flush();
    expect(core.proposed).to.have.length(5);
  });

  it('rejects all requests of a peer when one is malformed', () => {
    const proposals = [new Uint8Array([1, 2, 3])];
    expect(() => requests.forwarded('other:1', { kind: 'forward', proposals, sequences: [1] }))
      .to.throw()
      .with.property('code', 'PROTOCOL');
    flush();
    expect(core.proposed).to.deep.equal([]);
  });

  it('refuses forwarded requests that no client could send, and takes none of them', () => {
    const encoded = (host: string): Uint8Array => {
      const command = { kind: 'recoverHost', atMs: Date.now(), host } as const;
      return encodeProposal({ session: 1, sequence: 1, command });
    };
    const proposals = [encoded('db1'), encoded('n'.repeat(60_000))];
    const forward = { kind: 'forward', proposals, sequences: [1, 2] } as const;
    expect(() => requests.forwarded('other:1', forward))
      .to.throw('a forwarded command with a name of 60000 bytes')
      .with.property('code', 'PROTOCOL');
    flush();
    expect(core.proposed).to.deep.equal([]);
  });

  it('refuses queued requests at the shutdown, and reports the others as unknown', () => {
    submit('pending');
    flush();
    submit('queued');
    requests.stop();
    expect(results).to.have.deep.members([
      { kind: 'refused', refusal: 'notLeader' },
      { kind: 'unknown' },
    ]);
    expect(requests.pending).to.equal(0);
  });

  it('completes reads together once the readers have seen what was applied', () => {
    const read = () => requests.read((result) => results.push(result));
    read();
    read();
    flush();
    let seen = (): void => {};
    requests.readsGranted([{ context: 1, index: 10 }], (callback) => {
      seen = callback;
    });
    expect(results).to.deep.equal([]);
    seen();
    expect(results).to.deep.equal([DONE, DONE]);
    read();
    flush();
    requests.readsLost([2]);
    read();
    flush();
    ticks(TIMEOUT_TICKS);
    const refused = { kind: 'refused', refusal: 'notLeader' };
    expect(results.slice(2)).to.deep.equal([refused, refused]);
    expect(requests.pending).to.equal(0);
  });
});
