/** Kinds of `MetricQuery`. */
import { expect } from 'chai';
import { hasSeveralStatements, metricQueryKind } from '../../src/config/metric-query.js';

describe('a MetricQuery', () => {
  const queries: ReadonlyArray<readonly [query: string, kind: ReturnType<typeof metricQueryKind>]> =
    [
      ['', 'lag'],
      [' \n\t', 'lag'],
      ['select 1', 'value'],
      ['SELECT\n1', 'value'],
      ['select(1)', 'value'],
      ['Select-1', 'value'],
      ['with x as (select 1) select * from x', 'value'],
      ['  /* lag */ -- of replicas\n# really\n select 1', 'value'],
      ['/**/select 1', 'value'],
      ['/* a * b / c */ select 1', 'value'],
      ["show global status like 'threads_running'", 'show'],
      ['SHOW  GLOBAL\tvariables', 'show'],
      ['/* x */ show /* y */ global status', null],
      ['show status', null],
      ['show globals', null],
      ['selecta 1', null],
      ['select$ 1', null],
      ['within', null],
      ['delete from t', null],
      ['(select 1)', null],
      ['insert into t select 1', null],
      ['call p()', null],
      ['-- select 1', null],
      ['--select 1', null],
      ['/* select 1', null],
      ['/*! select 1 */', null],
      ['/*M! select 1 */', null],
      ['/*!50000 delete */ select 1', null],
      ['# select 1', null],
    ];
  for (const [query, kind] of queries) {
    it(`${JSON.stringify(query)} is ${kind ?? 'refused'}`, () => {
      expect(metricQueryKind(query)).to.equal(kind);
    });
  }

  it('is classified in linear time', () => {
    expect(metricQueryKind(`${'/**/ '.repeat(200_000)}x`)).to.equal(null);
    expect(metricQueryKind(`${'-- \n'.repeat(200_000)}select 1`)).to.equal('value');
  });

  const several: ReadonlyArray<readonly [query: string, several: boolean]> = [
    ['select 1', false],
    ['select 1;', false],
    ['select 1 ; ;\n', false],
    ['select 1; -- one\n# two\n/* three */', false],
    [`select ';', ";", ';''; x', "\\";x"`, false],
    ['select `;x` from t', false],
    ['select 1 /* ; x */ -- ; x', false],
    ["select ';x", false],
    ['select 1; select 2', true],
    ['set @a = 1; select @a', true],
    ['select 1 /* x */;x', true],
    ['select 1; /*!50000 select 2 */', true],
    ['select 1; --2', true],
  ];
  for (const [query, expected] of several) {
    it(`${JSON.stringify(query)} is ${expected ? 'several statements' : 'one statement'}`, () => {
      expect(hasSeveralStatements(query)).to.equal(expected);
    });
  }

  it('is split in statements in linear time', () => {
    for (const part of ['/* ', "'\\", '`', '-- ', '"', "'"]) {
      expect(hasSeveralStatements(part.repeat(200_001))).to.equal(false);
    }
  });
});
