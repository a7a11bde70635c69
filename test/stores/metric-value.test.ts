/** Results of metric queries. */
import { expect } from 'chai';
import type { ResultRows } from '../../src/base/mysql/text-query.js';
import { lagStatements, readLag } from '../../src/stores/prober/mysql/lag.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';
import {
  readNamedValue,
  readNumber,
  readSingleValue,
} from '../../src/stores/prober/mysql/metric-value.js';

describe('the result of a metric query', () => {
  const numbers: ReadonlyArray<readonly [string, number]> = [
    ['3', 3],
    ['-0.25', -0.25],
    ['0.43', 0.43],
    ['-12', -12],
    ['.5', 0.5],
    ['5.', 5],
    ['1.5e3', 1500],
    ['18446744073709551615', 18446744073709552000],
  ];
  for (const [value, number] of numbers) {
    it(`accepts ${value} as a number`, () => {
      expect(readNumber(value)).to.equal(number);
    });
  }

  const others = ['', 'ON', '0x10', '1,5', ' 1', '1e999', 'Infinity', 'NaN', '2026-01-01'];
  for (const value of others) {
    it(`rejects ${JSON.stringify(value)}`, () => {
      expect(readNumber(value))
        .to.have.property('reason')
        .that.matches(/not a number/);
    });
  }

  it('rejects NULL by name', () => {
    expect(readNumber(null)).to.deep.equal({ reason: 'the metric query returned NULL' });
  });

  it('quotes only the beginning of a long text', () => {
    const unusable = readNumber('x'.repeat(10_000)) as { reason: string };
    expect(unusable.reason.length).to.be.below(120);
  });

  it('reads one row of one column', () => {
    expect(readSingleValue([['4']])).to.equal(4);
    const reason = (rows: ResultRows) => (readSingleValue(rows) as { reason: string }).reason;
    expect(reason([])).to.match(/no rows/);
    expect(reason([['1'], ['2']])).to.match(/2 rows/);
    expect(reason([['1', '2']])).to.match(/2 columns/);
  });

  it('reads the second of two columns of SHOW GLOBAL', () => {
    expect(readNamedValue([['Threads_running', '12']])).to.equal(12);
    expect(readNamedValue([['a']]))
      .to.have.property('reason')
      .that.matches(/1 columns/);
    expect(readNamedValue([]))
      .to.have.property('reason')
      .that.matches(/no rows/);
  });
});

describe('replication lag', () => {
  const FIELDS = [
    'Connection_name',
    'Slave_IO_Running',
    'Slave_SQL_Running',
    'Seconds_Behind_Master',
  ].map((name) => ({ name }));

  it('takes the lag of the worst channel in any order', () => {
    const channel = (name: string, lag: string) => [name, 'Yes', 'Yes', lag];
    expect(readLag([channel('a', '9'), channel('b', '2')], FIELDS)).to.equal(9);
    expect(readLag([channel('b', '2'), channel('a', '9')], FIELDS)).to.equal(9);
  });

  it('reports both threads of a channel that has stopped', () => {
    const rows = [
      ['a', 'Yes', 'Yes', '0'],
      ['b', 'Connecting', 'No', null],
    ];
    expect(readLag(rows, FIELDS)).to.deep.equal({
      reason:
        'replication not running (channel b); Slave_IO_Running=Connecting, Slave_SQL_Running=No',
    });
  });

  it('reads the new names of the columns too', () => {
    const fields = ['Replica_IO_Running', 'Replica_SQL_Running', 'Seconds_Behind_Source'];
    const named = fields.map((name) => ({ name }));
    expect(readLag([['Yes', 'Yes', '5']], named)).to.equal(5);
    expect(readLag([['No', 'Yes', null]], named)).to.deep.equal({
      reason: 'replication not running; Replica_IO_Running=No, Replica_SQL_Running=Yes',
    });
  });

  it('reports an error, not 0, when replication is not configured', () => {
    expect(readLag([], FIELDS))
      .to.have.property('reason')
      .that.matches(/not configured/);
    expect(readLag([['x']], [{ name: 'x' }])).to.have.property('reason');
  });

  it('reports an error for a status without a result set', () => {
    expect(readLag(null, []))
      .to.have.property('reason')
      .that.matches(/not configured/);
    expect(readSingleValue(null))
      .to.have.property('reason')
      .that.matches(/no rows/);
  });

  it('chooses the statement by the version of the server', () => {
    expect(lagStatements('8.4.3')[0]).to.equal('SHOW REPLICA STATUS');
    expect(lagStatements('5.7.44-log')).to.include('SHOW SLAVE STATUS');
    expect(lagStatements('5.5.5-10.11.6-MariaDB')[0]).to.equal('SHOW ALL SLAVES STATUS');
  });
});

describe('a MetricQuery', () => {
  it('is classified by its first words', () => {
    const first = (query: string, version = '8.4.0', mariaDbQuery?: string) =>
      metricOf({
        kind: 'query',
        query,
        ...(mariaDbQuery !== undefined && { mariaDbQuery }),
      })!.statements(version)[0];
    expect(first(' /* hint */ SELECT 1').read([['5']], [])).to.equal(5);
    expect(first("show global status like 'x'").read([['x', '5']], [])).to.equal(5);
    expect(first('').text).to.equal('SHOW REPLICA STATUS');
    expect(metricOf({ kind: 'query', query: 'delete from t' })).to.equal(null);
    expect(first('select 1', '8.4.0', 'select 2').text).to.equal('select 1');
    expect(first('select 1', '10.11.6-MariaDB', 'select 2').text).to.equal('select 2');
  });
});
