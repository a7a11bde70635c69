/** Statistics, report and load generator of the benchmarks. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { LoadGenerator } from '../../bench/support/load.js';
import { asMarkdown, asText, type ReportTable } from '../../bench/support/report.js';
import { Latencies, median, percentile, slope } from '../../bench/support/statistics.js';

describe('the statistics of benchmarks', () => {
  it('computes the median, a percentile and a slope', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(percentile([5, 1, 4, 2, 3], 90)).to.equal(5);
    expect(percentile([5, 1, 4, 2, 3], 50)).to.equal(3);
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).to.equal(2);
  });

  it('records latencies to the microsecond', () => {
    const latencies = new Latencies();
    for (let micros = 1; micros <= 100; micros++) latencies.record(micros / 1000);
    latencies.record(5000);
    expect(latencies.count).to.equal(101);
    expect(latencies.percentileMicros(50)).to.equal(51);
    expect(latencies.percentileMicros(100)).to.equal(100_000);
  });
});

describe('the report of benchmarks', () => {
  const table: ReportTable = {
    title: 'T',
    columns: [
      { key: 'name', title: 'name' },
      { key: 'value', title: 'value', digits: 1 },
    ],
    rows: [
      { name: 'a', value: 1234.56 },
      { name: 'long name', value: null },
    ],
    notes: ['n'],
  };

  it('aligns texts to the left and numbers to the right', () => {
    expect(asText(table).split('\n')).to.deep.equal([
      'T',
      '  name         value',
      '  a          1,234.6',
      '  long name        –',
      '  * n',
      '',
    ]);
  });

  it('formats a table as Markdown', () => {
    expect(asMarkdown(table)).to.contain('| name | value |\n| --- | ---: |\n| a | 1,234.6 |');
  });
});

describe('the load generator', () => {
  let server: Server;
  let generator: LoadGenerator;
  const seen = new Map<string, number>();

  before(async () => {
    generator = new LoadGenerator();
    server = createServer((request, response) => {
      const key = `${request.method} ${request.url}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      response.statusCode = request.url === '/bad' ? 429 : 200;
      // In two chunks, of different lengths: answers are recognised by what their headers say.
      response.setHeader('Content-Length', 20 + (seen.get(key)! % 3));
      response.write('x'.repeat(19));
      setImmediate(() => response.end('x'.repeat(1 + (seen.get(key)! % 3))));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  after(async () => {
    await generator.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const order = (path: string) => ({
    port: (server.address() as AddressInfo).port,
    method: 'GET' as const,
    path,
    connections: 1,
    requests: 60,
    durationMs: 20_000,
  });

  it('counts each response once, also when responses arrive in chunks', async () => {
    const result = await generator.run(order('/a'));
    expect(result.requests).to.equal(seen.get('GET /a'));
    expect(result.failures).to.equal(0);
    expect(result.p50Micros).to.be.greaterThan(0);
  });

  it('sends HEAD requests for responses without a body', async () => {
    const result = await generator.run({ ...order('/h'), method: 'HEAD', connections: 3 });
    expect(result.requests).to.equal(seen.get('HEAD /h'));
  });

  it('counts responses of another status apart', async () => {
    const result = await generator.run(order('/bad'));
    expect(result.failures).to.equal(result.requests).and.greaterThan(0);
  });

  it('cycles through the numbers of a path', async () => {
    await generator.run({ ...order('/n{n}'), distinct: 3 });
    expect([...seen.keys()].filter((key) => key.startsWith('GET /n'))).to.have.members([
      'GET /n0',
      'GET /n1',
      'GET /n2',
    ]);
  });
});
