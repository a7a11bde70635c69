/** Long bodies are sent in turns. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { CHUNK_BYTES } from '../../src/http/worker/engines/chunk-turns.js';
import { NodeLargeBodySender } from '../../src/http/worker/engines/node-large-body.js';
import { eventLoopTurns } from '../support/event-loop.js';

/** A client that takes everything, unless it is full. */
class Taker extends EventEmitter {
  readonly chunks: Buffer[] = [];
  isFull = false;
  isOver = false;
  destroyed = false;

  constructor(private readonly taken: () => void) {
    super();
  }

  write(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    this.taken();
    return !this.isFull;
  }

  end(chunk: Buffer): void {
    this.write(chunk);
    this.isOver = true;
  }
}

describe('a long body on the node engine', () => {
  const BODY = Buffer.alloc(20 * CHUNK_BYTES + 1, 'x');
  let taken: number;

  function send(sender: NodeLargeBodySender): Taker {
    const taker = new Taker(() => taken++);
    sender.send(taker as unknown as ServerResponse, BODY);
    return taker;
  }

  beforeEach(() => {
    taken = 0;
  });

  it('is sent in turns, however many clients take it', async () => {
    const sender = new NodeLargeBodySender();
    const takers = Array.from({ length: 30 }, () => send(sender));
    expect(taken).to.equal(0);
    for (let before = 0; takers.some(({ isOver }) => !isOver); before = taken) {
      await new Promise(setImmediate);
      expect(taken - before).to.be.within(1, 16);
    }
    for (const { chunks } of takers) expect(Buffer.concat(chunks).equals(BODY)).to.equal(true);
  });

  it('waits for a client that is full, and ends with one that is gone', async () => {
    const sender = new NodeLargeBodySender();
    const [full, gone] = [send(sender), send(sender)];
    full.isFull = true;
    await eventLoopTurns(2);
    gone.destroyed = true;
    const ofGone = gone.chunks.length;
    await eventLoopTurns();
    expect(full.chunks).to.have.length(1);
    expect(gone.chunks).to.have.length(ofGone);
    full.isFull = false;
    full.emit('drain');
    await eventLoopTurns(60);
    expect(full.isOver).to.equal(true);
  });
});
