/** Frames in a stream that arrives in chunks of any size. */
import { expect } from 'chai';
import { FrameReader, frameOf } from '../../../../src/consensus/raft/transport/frame.js';

const LIMIT = 1000;

describe('FrameReader', () => {
  it('reads the frames of a stream that arrives in chunks of any size', () => {
    const bodies = ['a', 'bb'.repeat(200), 'c'].map((text) => Buffer.from(text));
    const stream = Buffer.concat(bodies.map((body) => frameOf(body)));
    for (const size of [1, 2, 3, 5, 64, stream.length]) {
      const received: string[] = [];
      const reader = new FrameReader((body) => received.push(body.toString()), LIMIT);
      for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
      expect(received, `cut every ${size}`).to.deep.equal(bodies.map(String));
    }
  });

  it('refuses a frame with a length above the limit before its body arrives', () => {
    const reader = new FrameReader(() => {}, LIMIT);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(LIMIT + 1);
    expect(() => reader.push(header))
      .to.throw('claims 1001 bytes')
      .with.property('code', 'PROTOCOL');
  });

  it('refuses empty frames when reading and when writing', () => {
    const reader = new FrameReader(() => {}, LIMIT);
    expect(() => reader.push(Buffer.alloc(4))).to.throw('claims 0 bytes');
    expect(() => frameOf(new Uint8Array(0))).to.throw('cannot be sent');
  });
});
