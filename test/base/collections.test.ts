/** What a thread has counted, pulled in chunks. */
import { expect } from 'chai';
import { Collections } from '../../src/base/collections.js';

const numbers = (length: number) => Array.from({ length }, (_, at) => at);

describe('the collections of a thread', () => {
  let collections: Collections<number>;
  beforeEach(() => {
    collections = new Collections(500);
  });

  function pulled(collection: number, length: number): number[][] {
    const chunks: number[][] = [];
    for (;;) {
      const { items, last } = collections.next(collection, () => numbers(length));
      chunks.push(items);
      if (last) return chunks;
    }
  }

  it('have every item once, in bounded chunks', () => {
    for (const length of [0, 1, 499, 500, 501, 1_700]) {
      const chunks = pulled(1, length);
      expect(chunks.flat()).to.deep.equal(numbers(length));
      expect(Math.max(...chunks.map((chunk) => chunk.length))).to.be.at.most(500);
    }
  });

  it('run beside each other', () => {
    const [first] = [collections.next(1, () => numbers(700))];
    expect(pulled(2, 600).flat()).to.deep.equal(numbers(600));
    const rest = collections.next(1, () => numbers(0));
    expect([...first.items, ...rest.items]).to.deep.equal(numbers(700));
    expect(rest.last).to.equal(true);
  });

  it('forget those that were given up when there are many', () => {
    for (let collection = 0; collection < 65; collection++) {
      collections.next(collection, () => numbers(501));
    }
    expect(collections.next(0, () => numbers(3)).items, 'begins again').to.have.length(3);
    expect(collections.next(64, () => numbers(3)).items, 'goes on').to.deep.equal([500]);
  });
});
