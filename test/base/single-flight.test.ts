/** Long work in turns. */
import { expect } from 'chai';
import { SingleFlight } from '../../src/base/single-flight.js';

describe('turns', () => {
  /** Work that is over when the test says so. */
  class Work {
    readonly begun: string[] = [];
    readonly #ends: Array<(error?: Error) => void> = [];

    run(name: string): () => Promise<string> {
      return () => {
        this.begun.push(name);
        return new Promise((resolve, reject) => {
          this.#ends.push((error) => (error === undefined ? resolve(name) : reject(error)));
        });
      };
    }

    /** Ends what began first. */
    async end(error?: Error): Promise<void> {
      await new Promise(setImmediate);
      this.#ends.shift()?.(error);
      await new Promise(setImmediate);
    }
  }

  let turns: SingleFlight<string>;
  let work: Work;

  beforeEach(() => {
    turns = new SingleFlight();
    work = new Work();
  });

  it('come one after the other', async () => {
    const answers = ['a', 'b', 'c'].map((key) => turns.run(key, work.run(key)));
    for (const begun of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await new Promise(setImmediate);
      expect(work.begun).to.deep.equal(begun);
      await work.end();
    }
    expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c']);
  });

  it('are shared by all who ask for the same before it begins', async () => {
    const first = turns.run('a', work.run('first'));
    await new Promise(setImmediate);
    const later = ['second', 'third'].map((name) => turns.run('a', work.run(name)));
    await work.end();
    await work.end();
    expect(await Promise.all([first, ...later])).to.deep.equal(['first', 'second', 'second']);
    expect(work.begun).to.deep.equal(['first', 'second']);
  });

  it('go on after one that failed, which only those hear of who asked for it', async () => {
    const failing = turns.run('a', work.run('a')).catch((error: Error) => error.message);
    const next = turns.run('b', work.run('b'));
    await work.end(new Error('planted'));
    await work.end();
    expect(await Promise.all([failing, next])).to.deep.equal(['planted', 'b']);
  });
});
