/** Pages that claim to be HAProxy's statistics: whole, torn, huge and odd. */
import { lookup } from 'node:dns';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import { serverStatus } from '../../../src/stores/main/hosts/haproxy-server-status.js';
import type { HostList } from '../../../src/stores/main/hosts/host-source.js';
import { eventLoopTurns } from '../../support/event-loop.js';
import { failureOf } from '../../support/failure.js';
import { Pages } from '../../support/pages.js';
import { until } from '../../support/until.js';

/** With fewer columns than the real one, but as wide and closed by a comma as that. */
const HEADER = '# pxname,svname,qcur,status,weight,type,last_chk,';

const PAGE = [
  HEADER,
  'front,FRONTEND,,OPEN,,0,,',
  'pool,one,0,UP,1,2,OK,',
  'pool,two,0,DOWN (agent),1,2,"said ""no"", then\nnothing, at all",',
  'pool,three,0,UP 2/3,1,2,,',
  'pool,four,0,NOLB,1,2,,',
  'pool,BACKEND,0,UP,1,1,,',
  'late,five,0,no check,1,2,,',
  'late,BACKEND,0,UP,1,1,,',
  '',
].join('\n');

describe("a page of HAProxy's statistics", () => {
  let pages: Pages;
  let respond: (response: ServerResponse) => void;

  beforeEach(async () => {
    pages = await Pages.serve((_request, response) => respond(response));
    show(PAGE);
  });

  afterEach(() => pages.close());

  function show(text: string): void {
    respond = (response) => response.end(text);
  }

  function read(poolName = 'pool', readerFor = createReaderFactory(lookup)): Promise<HostList> {
    const source = { kind: 'haproxy', caFile: '', addresses: [pages.url], poolName } as const;
    return readerFor({ cluster: 'main', hosts: source, port: 3306 })!.read();
  }

  async function names(poolName?: string): Promise<string[]> {
    return (await read(poolName)).hosts.map(({ host }) => host);
  }

  async function failure(poolName?: string): Promise<string> {
    return (await failureOf(read(poolName))).message;
  }

  it('requests the CSV page of HAProxy at /;csv;norefresh', async () => {
    expect(await names()).to.deep.equal(['one', 'two']);
    expect(pages.paths).to.deep.equal(['/;csv;norefresh']);
  });

  it("finds the columns of HAProxy's CSV by their names, in any order", async () => {
    show('# status,x,svname,pxname\nUP,1,a,pool\nMAINT (via pool/b),1,b,pool\nno check,,c,pool\n');
    expect(await names()).to.deep.equal(['a', 'c']);
  });

  it('parses CSV with CRLF, without a final line end and in small chunks', async () => {
    show(PAGE.replaceAll('\n', '\r\n'));
    expect(await names()).to.deep.equal(['one', 'two']);
    show(PAGE.trimEnd());
    expect(await names()).to.deep.equal(['one', 'two']);
    respond = (response) => {
      for (const character of PAGE) response.write(character);
      response.end();
    };
    expect(await names('late')).to.deep.equal(['five']);
  });

  it('reports an error, not a shorter list, when the CSV is truncated anywhere', async () => {
    const end = PAGE.indexOf('late,five');
    for (let length = 0; length < end - 1; length++) {
      show(PAGE.slice(0, length));
      // A cut in the empty end of the pool's last row takes nothing away.
      if (length >= end - ',\n'.length) continue;
      expect(await failure(), `${length} bytes`).to.match(
        /truncated|malformed|empty|no columns|no pool|not CSV/,
      );
    }
  });

  it('reports an error when the connection ends before the page', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': PAGE.length + 1 });
      response.write(PAGE, () => response.destroy());
    };
    expect(await failure()).to.include('the connection was cut');
    respond = (response) => {
      response.write(PAGE, () => response.destroy());
    };
    expect(await failure()).to.include('the connection was cut');
  });

  it('reports an error when the page has no end', async () => {
    const row = Buffer.from(`pool,server,0,UP,1,2,${'x'.repeat(60_000)},\n`);
    respond = (response) => {
      response.write(`${HEADER}\n`);
      const writeOn = (): void => {
        while (!response.destroyed && response.write(row));
      };
      response.on('drain', writeOn);
      writeOn();
    };
    expect(await failure()).to.include('larger than 16777216 bytes');
  });

  it('reports an error when a line has no end', async () => {
    show(`${HEADER}\n${'x'.repeat(100_000)}`);
    expect(await failure()).to.include('not CSV');
  });

  it('reports an error when the page is not a statistics page', async () => {
    show('');
    expect(await failure()).to.include('the response is empty');
    show('<html>\n<body>Statistics Report\n</body></html>\n');
    expect(await failure()).to.include('not a statistics page');
    show('\u0000\u0001\u0002"');
    expect(await failure()).to.include(`HAProxy ${pages.url}: `);
    respond = (response) => response.writeHead(503).end(PAGE);
    expect(await failure()).to.include('unexpected HTTP status 503 instead of 200');
  });

  it('lists a server of empty or unknown status, which may be in use', async () => {
    for (const status of ['RESTING', '']) {
      show(PAGE.replace('UP', status).replace('UP 2/3', 'UP'));
      const { hosts, oddRows, problem } = await read();
      expect(hosts.map(({ host }) => host)).to.deep.equal(['one', 'two', 'three']);
      expect(problem).to.equal('');
      expect(oddRows).to.deep.equal([
        `HAProxy ${pages.url}: server "one" of pool "pool" ` +
          `has the unknown status "${status}": probed`,
      ]);
      expect((await read('late')).oddRows).to.deep.equal([]);
    }
  });

  it('does not take a server of unknown status for one that is not in transition', async () => {
    show(`${HEADER}\npool,one,0,UP 1/3,1,2,,\npool,two,0,RESTING,1,2,,\n`);
    expect(await failure()).to.include('HAProxy is reloading');
    show(`${HEADER}\npool,two,0,RESTING,1,2,,\n`);
    expect(await names()).to.deep.equal(['two']);
  });

  it('reports an error while HAProxy is reloading: all servers are in transition', async () => {
    const page = (...statuses: string[]): string =>
      [HEADER, ...statuses.map((status, at) => `pool,s${at},0,${status},1,2,,`)].join('\n');
    for (const statuses of [
      ['DOWN 1/2', 'NOLB 2/3'],
      ['UP 1/3', 'DOWN'],
    ]) {
      show(page(...statuses));
      expect(await failure(), statuses.join()).to.include('HAProxy is reloading');
    }
    show(page('DOWN 1/2', 'DOWN'));
    expect(await names()).to.deep.equal(['s0', 's1']);
  });

  it('leaves a server out whose name is not a host, and lists the others', async () => {
    show(PAGE.replace('one', 'a:b').replace('four', 'c:d'));
    const { hosts, oddRows } = await read();
    expect(hosts.map(({ host }) => host)).to.deep.equal(['two']);
    expect(oddRows).to.deep.equal([
      `HAProxy ${pages.url}: server "a:b" of pool "pool" has a name that is not a host: left out`,
    ]);
  });

  it('reads a page once for all clusters that need it within a second', async () => {
    const readerFor = createReaderFactory(lookup);
    const lists = await Promise.all([
      read('pool', readerFor),
      read('late', readerFor),
      read('pool', readerFor),
    ]);
    expect(lists.map(({ hosts }) => hosts.length)).to.deep.equal([2, 1, 2]);
    await read('late', readerFor);
    expect(pages.requests).to.have.length(1);
  });

  it('reads a page again after a second', async () => {
    const readerFor = createReaderFactory(lookup);
    await read('pool', readerFor);
    show(PAGE.replace('DOWN (agent)', 'MAINT'));
    await new Promise((resolve) => setTimeout(resolve, 1_010));
    const { hosts } = await read('pool', readerFor);
    expect(hosts.map(({ host }) => host)).to.deep.equal(['one']);
  });

  it('requests at most two pages of one HAProxy at a time', async () => {
    const waiting: ServerResponse[] = [];
    respond = (response) => waiting.push(response);
    const readerFor = createReaderFactory(lookup);
    const lists = ['a', 'b', 'c', 'd'].map((path) => {
      const source = {
        kind: 'haproxy',
        caFile: '',
        addresses: [`${pages.url}/${path}`],
        poolName: 'pool',
      } as const;
      return readerFor({ cluster: path, hosts: source, port: 3306 })!.read();
    });
    for (let left = lists.length; left > 0; left--) {
      await until(() => waiting.length >= Math.min(left, 2));
      // Time in which a third one would arrive.
      await eventLoopTurns();
      waiting.shift()!.end(PAGE);
    }
    expect((await Promise.all(lists)).map(({ hosts }) => hosts.length)).to.deep.equal([2, 2, 2, 2]);
    expect(pages.openMost).to.equal(2);
  });
});

describe('the status of a server of HAProxy', () => {
  /** The texts of HAProxy's source (stats.c, `srv_hlt_st`), and those of older versions. */
  const MEANINGS: ReadonlyArray<
    readonly [texts: string[], isUsed: boolean, inTransition: boolean]
  > = [
    [['UP', 'DOWN', 'DOWN (agent)', 'no check'], true, false],
    [['DOWN 1/2'], true, true],
    [['UP 1/3'], false, true],
    [['NOLB', 'DRAIN', 'DRAIN (agent)', 'MAINT'], false, false],
    [['MAINT (via pool/a)', 'MAINT(via)', 'MAINT (resolution)', 'MAINT(resolution)'], false, false],
    [['NOLB 2/3', 'DRAIN 1/2'], false, true],
  ];

  for (const [texts, isUsed, inTransition] of MEANINGS) {
    for (const text of texts) {
      const meaning = `${isUsed ? 'used' : 'not used'}${inTransition ? ', in transition' : ''}`;
      it(`takes a HAProxy server with status "${text}" for ${meaning}`, () => {
        expect(serverStatus(text)).to.include({ isUsed, inTransition });
      });
    }
  }

  it('does not know any other status', () => {
    for (const text of ['', 'OPEN', 'U', 'UPPER', 'up', 'no chec', 'checking']) {
      expect(serverStatus(text), text).to.equal(null);
    }
  });
});
