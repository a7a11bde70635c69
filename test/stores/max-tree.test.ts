/** The highest of many numbers that change. */
import { expect } from 'chai';
import { MaxTree } from '../../src/stores/prober/max-tree.js';

describe('the max tree', () => {
  it('holds minus infinity when every item is empty', () => {
    expect(new MaxTree(0).highest).to.equal(Number.NEGATIVE_INFINITY);
    expect(new MaxTree(5).highest).to.equal(Number.NEGATIVE_INFINITY);
  });

  for (const items of [1, 2, 3, 8, 100]) {
    it(`follows every change of ${items} items`, () => {
      const tree = new MaxTree(items);
      const numbers = new Array<number>(items).fill(Number.NEGATIVE_INFINITY);
      for (let change = 0; change < 2_000; change++) {
        const index = (change * 7919) % items;
        const number = change % 11 === 0 ? Number.NEGATIVE_INFINITY : (change * 104729) % 977;
        numbers[index] = number;
        tree.set(index, number);
        tree.assertInvariants();
        expect(tree.highest).to.equal(Math.max(...numbers));
        expect(numbers[tree.indexOfHighest]).to.equal(tree.highest);
      }
    });
  }

  it('rejects NaN and items that do not exist', () => {
    const tree = new MaxTree(2);
    expect(() => tree.set(0, Number.NaN)).to.throw(RangeError);
    expect(() => tree.set(2, 1)).to.throw(RangeError);
    expect(() => tree.set(-1, 1)).to.throw(RangeError);
    tree.assertInvariants();
    expect(tree.highest).to.equal(Number.NEGATIVE_INFINITY);
  });
});
