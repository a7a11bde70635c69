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

  it('reads frames with the CRC-32C of their body, and refuses any changed bit', () => {
    const check = Buffer.from('123456789');
    const frame = frameOf(check, true);
    // The check value of the catalogue of CRCs.
    expect(frame.readUInt32BE(frame.length - 4)).to.equal(0xe3069283);
    const received: string[] = [];
    const read = (bytes: Buffer): void => {
      const reader = new FrameReader((body) => received.push(body.toString()), LIMIT);
      reader.isChecksummed = true;
      reader.push(bytes);
    };
    read(frame);
    for (let bit = 4 * 8; bit < frame.length * 8; bit++) {
      const changed = Buffer.from(frame);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => read(changed), `bit ${bit}`).to.throw('wrong checksum');
    }
    expect(received).to.deep.equal(['123456789']);
    expect(() => read(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0]))).to.throw('claims 4 bytes');
  });

  it('reads a long frame that arrives byte by byte, in little more memory than its length', () => {
    const body = Buffer.alloc(1024 * 1024, 'x');
    const frame = frameOf(body);
    let received = Buffer.alloc(0);
    const reader = new FrameReader((read) => {
      received = Buffer.from(read);
    }, body.length);
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < frame.length - 1; at++) reader.push(frame.subarray(at, at + 1));
    global.gc?.();
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(50 * 1024 * 1024);
    reader.push(frame.subarray(-1));
    expect(received.equals(body)).to.equal(true);
  });

  it('refuses empty frames when reading and when writing', () => {
    const reader = new FrameReader(() => {}, LIMIT);
    expect(() => reader.push(Buffer.alloc(4))).to.throw('claims 0 bytes');
    expect(() => frameOf(new Uint8Array(0))).to.throw('cannot be sent');
  });
});
