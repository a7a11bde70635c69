/** Snapshots in flight to followers: in chunks, over links that lose them. */
import { expect } from 'chai';
import type { SnapshotChunk } from '../../../../src/consensus/raft/codec/messages.js';
import { encodeImage } from '../../../../src/consensus/raft/codec/snapshots.js';
import { SnapshotReceiver } from '../../../../src/consensus/raft/driver/snapshot-receiver.js';
import { SnapshotSender } from '../../../../src/consensus/raft/driver/snapshot-sender.js';
import { EMPTY_IMAGE } from '../../../../src/throttle/state.js';

const RETRY_TICKS = 3;
const image = {
  ...EMPTY_IMAGE,
  clusterId: 'c-1',
  sweptAtMs: 1,
  throttledApps: Array.from(
    { length: 20_000 },
    (_, at) => [`app-${at}`, { expireAtMs: 0, ratio: 1 }] as const,
  ),
};
const chunks = [...encodeImage(image)];

describe('snapshot streams', () => {
  let meta: { readonly index: number; readonly term: number };
  let sent: SnapshotChunk[];
  let ended: boolean[];
  let sender: SnapshotSender;
  let receiver: SnapshotReceiver;

  beforeEach(() => {
    meta = { index: 100, term: 2 };
    sent = [];
    ended = [];
    receiver = new SnapshotReceiver();
    const storage = {
      newestSnapshot: () => ({ meta, chunkCount: chunks.length }),
      readChunk: (
        index: number,
        sequence: number,
        done: (error: null, chunk: Uint8Array | null) => void,
      ) => done(null, index === meta.index ? chunks[sequence]! : null),
    };
    sender = new SnapshotSender(storage, RETRY_TICKS, {
      send: (_to, message) => {
        if (message.kind === 'snapshotChunk') sent.push(message);
      },
      ended: (_to, delivered) => ended.push(delivered),
      failed: (error) => {
        throw error;
      },
    });
  });

  function acknowledge(nextSequence: number, snapshotIndex = meta.index): void {
    sender.acknowledged('follower', { kind: 'snapshotAck', term: 3, snapshotIndex, nextSequence });
  }

  function ticks(count: number): void {
    for (let tick = 0; tick < count; tick++) sender.tick();
  }

  function sequences(): number[] {
    return sent.splice(0).map(({ sequence }) => sequence);
  }

  it('delivers a whole snapshot, a window of chunks at a time', () => {
    sender.start('follower', 3);
    let most = 0;
    let arrived = null;
    while (arrived === null) {
      most = Math.max(most, sent.length);
      const chunk = sent.shift()!;
      const received = receiver.receive('leader', chunk);
      arrived = received.arrived;
      acknowledge(received.next);
    }
    expect(most).to.be.at.most(4);
    expect(arrived.meta).to.deep.equal(meta);
    expect(arrived.chunks).to.deep.equal(chunks);
    expect(arrived.assembly.image()).to.deep.equal(image);
    expect(ended).to.deep.equal([true]);
  });

  it('resumes where it stopped when chunks or acknowledgements are lost', () => {
    sender.start('follower', 3);
    expect(sequences()).to.deep.equal([0, 1, 2, 3]);
    acknowledge(2);
    expect(sequences()).to.deep.equal([4, 5]);
    ticks(RETRY_TICKS);
    expect(sequences()).to.deep.equal([2]);
    acknowledge(4);
    expect(sequences()).to.deep.equal([4, 5]);
  });

  it('starts again when the follower has lost its chunks', () => {
    sender.start('follower', 3);
    acknowledge(4);
    sequences();
    acknowledge(0);
    ticks(RETRY_TICKS);
    expect(sequences()).to.deep.equal([0]);
  });

  it('abandons a snapshot that gets no acknowledgement', () => {
    sender.start('follower', 3);
    ticks(RETRY_TICKS * 6);
    expect(ended).to.deep.equal([false]);
    sequences();
    ticks(RETRY_TICKS);
    expect(sequences()).to.deep.equal([]);
  });

  it('replaces a snapshot by a newer one', () => {
    sender.start('follower', 3);
    sequences();
    meta = { index: 200, term: 3 };
    acknowledge(1, 100);
    expect(sent.map(({ snapshotIndex, sequence }) => `${snapshotIndex}/${sequence}`)).to.deep.equal(
      ['200/0'],
    );
  });

  it('resumes a stream that the core asks for again', () => {
    sender.start('follower', 3);
    acknowledge(3);
    sequences();
    ticks(RETRY_TICKS * 6);
    expect(ended).to.deep.equal([false]);
    sequences();
    sender.start('follower', 3);
    expect(sequences()).to.deep.equal([3]);
    sender.start('follower', 4);
    expect(sequences()).to.deep.equal([0]);
  });

  it('keeps one chunk in flight on a slow link, and repeats none that is late', () => {
    sender.start('follower', 3);
    sequences();
    for (let next = 1; next < 4; next++) {
      ticks(2);
      acknowledge(next);
    }
    expect(sequences()).to.deep.equal([]);
    ticks(2);
    acknowledge(4);
    expect(sequences()).to.deep.equal([4]);
    ticks(7);
    expect(sequences()).to.deep.equal([]);
    ticks(1);
    expect(sequences()).to.deep.equal([4]);
  });

  it('accepts a snapshot only from its first chunk on, each chunk once', () => {
    sender.start('follower', 3);
    const [first, second] = sent;
    expect(receiver.receive('leader', second!)).to.deep.equal({ next: 0, arrived: null });
    expect(receiver.receive('leader', first!).next).to.equal(1);
    expect(receiver.receive('leader', first!).next).to.equal(1);
    expect(receiver.receive('leader', second!).next).to.equal(2);
  });

  it('keeps the snapshots of different leaders and terms apart', () => {
    sender.start('follower', 3);
    const [first, second] = sent;
    receiver.receive('leader', first!);
    expect(receiver.receive('other', second!).next).to.equal(0);
    expect(receiver.receive('leader', { ...second!, term: 4 }).next).to.equal(0);
    expect(receiver.receive('leader', second!).next).to.equal(2);
  });

  it('drops a snapshot when a chunk is malformed', () => {
    sender.start('follower', 3);
    const [first, second] = sent;
    receiver.receive('leader', first!);
    expect(() => receiver.receive('leader', { ...second!, chunk: new Uint8Array([255]) }))
      .to.throw()
      .with.property('code', 'PROTOCOL');
    expect(receiver.receive('leader', second!).next).to.equal(0);
  });
});
