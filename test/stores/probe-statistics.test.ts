/** What a probe thread has counted, which main pulls in chunks. */
import { expect } from 'chai';
import { Probing } from '../support/probing.js';

const STORES = 250;

describe('the statistics of a probe thread', () => {
  let probing: Probing;

  beforeEach(async () => {
    probing = new Probing(false);
    for (let slot = 0; slot < STORES; slot++) await probing.assign(slot, []);
  });

  afterEach(() => probing.stop());

  it('come in chunks that have each store once', async () => {
    const chunks = (await probing.statisticsInChunks()).map(({ stores }) => stores);
    expect(chunks.map(({ length }) => length)).to.deep.equal([100, 100, 50]);
    expect(new Set(chunks.flat().map(({ store }) => store))).to.have.property('size', STORES);
    await probing.remove(0);
    expect((await probing.statisticsInChunks()).flatMap(({ stores }) => stores)).to.have.length(
      STORES - 1,
    );
  });

  it('have a store once that is removed and assigned again meanwhile', async () => {
    const chunks = await probing.statisticsInChunks(async () => {
      await probing.remove(0);
      await probing.assign(0, []);
    });
    const names = chunks.flatMap(({ stores }) => stores.map(({ store }) => store));
    expect(names).to.have.length(STORES);
    expect(new Set(names).size).to.equal(STORES);
  });
});
