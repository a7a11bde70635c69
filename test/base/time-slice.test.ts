/** Long work in time slices, and JSON as Go writes it. */
import { expect } from 'chai';
import { goTime, jsonString } from '../../src/base/json.js';
import { jsonObjectInChunks, sortInChunks, TimeSlice } from '../../src/base/time-slice.js';

describe('TimeSlice', () => {
  it('sorts like Array.sort for any length', async () => {
    for (const length of [0, 1, 2, 1_999, 2_000, 2_001, 4_001, 7_777]) {
      const strings = Array.from({ length }, (_, index) => `k${(index * 7_919) % 10_007}`);
      expect(await sortInChunks(strings, new TimeSlice())).to.deep.equal([...strings].sort());
    }
  });

  it('yields to the other work of the thread', async () => {
    const strings = Array.from({ length: 60_000 }, (_, index) => `key${(index * 7_919) % 60_013}`);
    let otherRuns = 0;
    let isDone = false;
    const count = (): void => {
      otherRuns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await jsonObjectInChunks(new Map(strings.map((key) => [key, '1'])));
    isDone = true;
    expect(otherRuns).to.be.greaterThan(30);
  });

  it('writes a JSON object with sorted and escaped keys', async () => {
    expect(await jsonObjectInChunks(new Map())).to.equal('{}');
    const values = new Map([
      ['b', '{"x":1}'],
      ['a"', '"<"'],
    ]);
    expect(await jsonObjectInChunks(values)).to.equal('{"a\\"":"<","b":{"x":1}}');
  });
});

describe('JSON as Go writes it', () => {
  it('escapes characters with a meaning in HTML', () => {
    expect(jsonString('<a href="x">&\u2028\u2029\n\u0001é')).to.equal(
      '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\\n\\u0001é"',
    );
  });

  it('writes times without trailing zeros, and the zero time for no time', () => {
    const at = Date.UTC(2026, 10, 23, 3, 28, 38);
    expect(goTime(at)).to.equal('2026-11-23T03:28:38Z');
    expect(goTime(at + 120)).to.equal('2026-11-23T03:28:38.12Z');
    expect(goTime(at + 2_000 + 1)).to.equal('2026-11-23T03:28:40.001Z');
    expect(goTime(0)).to.equal('0001-01-01T00:00:00Z');
  });

  it('writes numbers like JavaScript', () => {
    // encoding/json: exponents below 1e-6 and from 1e21 on, without leading zeros in them.
    const written = [1e21, 1e20, 1e-6, 1e-7, 0.1, 123456789.125, 5e-324, 1.7976931348623157e308];
    expect(written.map(String)).to.deep.equal([
      '1e+21',
      '100000000000000000000',
      '0.000001',
      '1e-7',
      '0.1',
      '123456789.125',
      '5e-324',
      '1.7976931348623157e+308',
    ]);
  });
});
