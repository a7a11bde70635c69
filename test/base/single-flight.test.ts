/** Long work that concurrent callers share. */
import { expect } from 'chai';
import { SingleFlight } from '../../src/base/single-flight.js';

describe('SingleFlight', () => {
  /** Work that ends when the test ends it. */
  class Work {
    readonly started: string[] = [];
    readonly #ends: Array<(error?: Error) => void> = [];

    run(name: string): () => Promise<string> {
      return () => {
        this.started.push(name);
        return new Promise((resolve, reject) => {
          this.#ends.push((error) => (error === undefined ? resolve(name) : reject(error)));
        });
      };
    }

    /** Ends the run that started first. */
    async end(error?: Error): Promise<void> {
      await new Promise(setImmediate);
      this.#ends.shift()?.(error);
      await new Promise(setImmediate);
    }
  }

  let flight: SingleFlight<string>;
  let work: Work;

  beforeEach(() => {
    flight = new SingleFlight();
    work = new Work();
  });

  it('runs one after the other', async () => {
    const results = ['a', 'b', 'c'].map((key) => flight.run(key, work.run(key)));
    for (const started of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await new Promise(setImmediate);
      expect(work.started).to.deep.equal(started);
      await work.end();
    }
    expect(await Promise.all(results)).to.deep.equal(['a', 'b', 'c']);
  });

  it('shares a run with all callers of the same key before it starts', async () => {
    const first = flight.run('a', work.run('first'));
    await new Promise(setImmediate);
    const later = ['second', 'third'].map((name) => flight.run('a', work.run(name)));
    await work.end();
    await work.end();
    expect(await Promise.all([first, ...later])).to.deep.equal(['first', 'second', 'second']);
    expect(work.started).to.deep.equal(['first', 'second']);
  });

  it('continues after a failed run, which rejects only for its own callers', async () => {
    const failing = flight.run('a', work.run('a')).catch((error: Error) => error.message);
    const next = flight.run('b', work.run('b'));
    await work.end(new Error('planted'));
    await work.end();
    expect(await Promise.all([failing, next])).to.deep.equal(['planted', 'b']);
  });
});
