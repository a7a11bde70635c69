/** Answers of Prometheus to instant queries, and what is none. */
import { expect } from 'chai';
import { readAnswer } from '../../src/stores/prober/prometheus/answer.js';

const success = (resultType: string, result: unknown): string =>
  JSON.stringify({ status: 'success', data: { resultType, result } });

const sample = (value: string, instance?: string): object => ({
  metric: { __name__: 'load', ...(instance !== undefined && { instance }) },
  value: [1_700_000_000.1, value],
});

describe('an answer of Prometheus', () => {
  it('is one number without a host', () => {
    const one = [{ host: null, value: 0.5 }];
    expect(readAnswer(success('scalar', [1_700_000_000, '0.5']))).to.deep.equal(one);
    expect(readAnswer(success('vector', [sample('0.5')]))).to.deep.equal(one);
  });

  it('is a number for each host', () => {
    const body = success('vector', [sample('1', 'db1:9100'), sample('2', 'db2:9100')]);
    expect(readAnswer(body)).to.deep.equal([
      { host: 'db1:9100', value: 1 },
      { host: 'db2:9100', value: 2 },
    ]);
  });

  it('may have hosts whose value is no number', () => {
    const [host] = readAnswer(success('vector', [sample('NaN', 'db1')])) as readonly object[];
    expect(host)
      .to.have.nested.property('value.reason')
      .that.matches(/not a number/);
  });

  const unusable: ReadonlyArray<readonly [what: string, body: string, reason: RegExp]> = [
    ['an error', '{"status":"error","error":"parse error"}', /error: parse error/],
    ['a page of something else', '<html>', /not an answer of Prometheus/],
    ['another object', '{"status":"success","data":5}', /not an answer of Prometheus/],
    ['no samples', success('vector', []), /no samples/],
    ['a matrix', success('matrix', []), /yields a matrix/],
    ['samples without a label', success('vector', [sample('1'), sample('2')]), /2 samples/],
  ];
  for (const [what, body, reason] of unusable) {
    it(`is none when it is ${what}`, () => {
      expect(readAnswer(body)).to.have.property('reason').that.matches(reason);
    });
  }
});
