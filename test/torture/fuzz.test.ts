/** A short sample of `npm run fuzz`. */
import { expect } from 'chai';
import { needPrograms } from '../support/needs.js';
import { fuzz, TRANSPORTS } from './fuzz.js';

const INPUTS = 400;

for (const transport of TRANSPORTS) {
  describe(`real nodes that get mutated bytes at all ports, ${transport}`, () => {
    it('go on with checks, and keep no memory and no connection', async function () {
      needPrograms(this, 'openssl');
      const seed = Date.now() % 1_000_000;
      const { violations, inputs, delivered, checks } = await fuzz(transport, INPUTS, seed);
      expect(violations.join('\n'), `--seed ${seed}`).to.equal('');
      expect(inputs).to.be.at.least(INPUTS);
      expect(delivered).to.be.greaterThan(INPUTS / 2);
      expect(checks).to.be.greaterThan(0);
    });
  });
}
