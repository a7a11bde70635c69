/** The highest of many numbers that change. */
import { expect } from 'chai';
import { MaxTree } from '../../src/stores/prober/max-tree.js';

describe('a tournament', () => {
  it('without numbers has minus infinity', () => {
    expect(new MaxTree(0).highest).to.equal(Number.NEGATIVE_INFINITY);
    expect(new MaxTree(5).highest).to.equal(Number.NEGATIVE_INFINITY);
  });

  for (const places of [1, 2, 3, 8, 100]) {
    it(`of ${places} places follows every change`, () => {
      const tournament = new MaxTree(places);
      const numbers = new Array<number>(places).fill(Number.NEGATIVE_INFINITY);
      for (let change = 0; change < 2_000; change++) {
        const place = (change * 7919) % places;
        const number = change % 11 === 0 ? Number.NEGATIVE_INFINITY : (change * 104729) % 977;
        numbers[place] = number;
        tournament.set(place, number);
        expect(tournament.highest).to.equal(Math.max(...numbers));
        expect(numbers[tournament.winner]).to.equal(tournament.highest);
      }
    });
  }
});
