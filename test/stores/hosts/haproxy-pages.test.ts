/** Pages that claim to be HAProxy's statistics: whole, torn, huge and odd. */
import { lookup } from 'node:dns';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { serverStatus } from '../../../src/stores/main/hosts/haproxy-status.js';
import { type HostList, readerFactory } from '../../../src/stores/main/hosts/source.js';
import { clusterSettings } from '../../support/cluster-settings.js';
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
  let answer: (response: ServerResponse) => void;

  beforeEach(async () => {
    pages = await Pages.serve((_request, response) => answer(response));
    show(PAGE);
  });

  afterEach(() => pages.close());

  function show(text: string): void {
    answer = (response) => response.end(text);
  }

  function read(poolName = 'pool', readerFor = readerFactory(lookup)): Promise<HostList> {
    const source = { kind: 'haproxy', addresses: [pages.url], poolName } as const;
    return readerFor(clusterSettings('main', source))!.read();
  }

  async function names(poolName?: string): Promise<string[]> {
    return (await read(poolName)).hosts.map(({ host }) => host);
  }

  async function failure(poolName?: string): Promise<string> {
    return (await failureOf(read(poolName))).message;
  }

  it('is asked for by the path that HAProxy has for it', async () => {
    expect(await names()).to.deep.equal(['one', 'two']);
    expect(pages.paths).to.deep.equal(['/;csv;norefresh']);
  });

  it('is understood by the names of its columns, wherever they are', async () => {
    show('# status,x,svname,pxname\nUP,1,a,pool\nMAINT (via pool/b),1,b,pool\nno check,,c,pool\n');
    expect(await names()).to.deep.equal(['a', 'c']);
  });

  it('is understood with the line ends of other systems, without a last one, and in small chunks', async () => {
    show(PAGE.replaceAll('\n', '\r\n'));
    expect(await names()).to.deep.equal(['one', 'two']);
    show(PAGE.trimEnd());
    expect(await names()).to.deep.equal(['one', 'two']);
    answer = (response) => {
      for (const character of PAGE) response.write(character);
      response.end();
    };
    expect(await names('late')).to.deep.equal(['five']);
  });

  it('is an error, never a crash and never a shorter list, wherever it is cut', async () => {
    const end = PAGE.indexOf('late,five');
    for (let length = 0; length < end - 1; length++) {
      show(PAGE.slice(0, length));
      // A cut in the empty end of the pool's last row takes nothing away.
      if (length >= end - ',\n'.length) continue;
      expect(await failure(), `${length} bytes`).to.match(
        /truncated|torn|empty|no columns|no pool|no CSV/,
      );
    }
  });

  it('is an error when the connection ends before the page', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': PAGE.length + 1 });
      response.write(PAGE, () => response.destroy());
    };
    expect(await failure()).to.include('the connection was cut');
    answer = (response) => {
      response.write(PAGE, () => response.destroy());
    };
    expect(await failure()).to.include('the connection was cut');
  });

  it('is an error when it has no end', async () => {
    const row = Buffer.from(`pool,server,0,UP,1,2,${'x'.repeat(60_000)},\n`);
    answer = (response) => {
      response.write(`${HEADER}\n`);
      const writeOn = (): void => {
        while (!response.destroyed && response.write(row));
      };
      response.on('drain', writeOn);
      writeOn();
    };
    expect(await failure()).to.include('larger than 16777216 bytes');
  });

  it('is an error when a line has no end', async () => {
    show(`${HEADER}\n${'x'.repeat(100_000)}`);
    expect(await failure()).to.include('no CSV');
  });

  it('is an error when it is something else', async () => {
    show('');
    expect(await failure()).to.include('the answer is empty');
    show('<html>\n<body>Statistics Report\n</body></html>\n');
    expect(await failure()).to.include('not a statistics page');
    show('\u0000\u0001\u0002"');
    expect(await failure()).to.include(`HAProxy ${pages.url}: `);
    answer = (response) => response.writeHead(503).end(PAGE);
    expect(await failure()).to.include('it answers 503 instead of 200');
  });

  it('is an error when it shows a server in an unknown state, which must not be left out unnoticed', async () => {
    show(PAGE.replace('UP', 'RESTING'));
    expect(await failure()).to.include('server "one" has the unknown status "RESTING"');
    expect(await names('late')).to.deep.equal(['five']);
  });

  it('is an error while all servers are in transition, or all that are up: HAProxy is reloading', async () => {
    const page = (...statuses: string[]): string =>
      [HEADER, ...statuses.map((status, at) => `pool,s${at},0,${status},1,2,,`)].join('\n');
    for (const statuses of [
      ['DOWN 1/2', 'NOLB 2/3'],
      ['UP 1/3', 'DOWN'],
    ]) {
      show(page(...statuses));
      expect(await failure(), statuses.join()).to.include('it is reloading');
    }
    show(page('DOWN 1/2', 'DOWN'));
    expect(await names()).to.deep.equal(['s0', 's1']);
  });

  it('is an error when a server is named like no host', async () => {
    show(PAGE.replace('one', 'a:b'));
    expect(await failure()).to.include('server "a:b" of pool "pool"');
  });

  it('is read once for all clusters that ask within a second', async () => {
    const readerFor = readerFactory(lookup);
    const lists = await Promise.all([
      read('pool', readerFor),
      read('late', readerFor),
      read('pool', readerFor),
    ]);
    expect(lists.map(({ hosts }) => hosts.length)).to.deep.equal([2, 1, 2]);
    await read('late', readerFor);
    expect(pages.requests).to.have.length(1);
  });

  it('is read again after a second', async () => {
    const readerFor = readerFactory(lookup);
    await read('pool', readerFor);
    show(PAGE.replace('DOWN (agent)', 'MAINT'));
    await new Promise((resolve) => setTimeout(resolve, 1_010));
    const { hosts } = await read('pool', readerFor);
    expect(hosts.map(({ host }) => host)).to.deep.equal(['one']);
  });

  it('is one of at most two that are asked for at a time', async () => {
    const waiting: ServerResponse[] = [];
    answer = (response) => waiting.push(response);
    const readerFor = readerFactory(lookup);
    const lists = ['a', 'b', 'c', 'd'].map((path) => {
      const source = {
        kind: 'haproxy',
        addresses: [`${pages.url}/${path}`],
        poolName: 'pool',
      } as const;
      return readerFor(clusterSettings(path, source))!.read();
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
  /** As its source words them (stats.c, `srv_hlt_st`), and as older versions did. */
  const MEANINGS: ReadonlyArray<
    readonly [texts: string[], counts: boolean, inTransition: boolean]
  > = [
    [['UP', 'DOWN', 'DOWN (agent)', 'no check'], true, false],
    [['DOWN 1/2'], true, true],
    [['UP 1/3'], false, true],
    [['NOLB', 'DRAIN', 'DRAIN (agent)', 'MAINT'], false, false],
    [['MAINT (via pool/a)', 'MAINT(via)', 'MAINT (resolution)', 'MAINT(resolution)'], false, false],
    [['NOLB 2/3', 'DRAIN 1/2'], false, true],
  ];

  for (const [texts, counts, inTransition] of MEANINGS) {
    for (const text of texts) {
      it(`${text}: ${counts ? 'counts' : 'does not count'}${inTransition ? ', in transition' : ''}`, () => {
        expect(serverStatus(text)).to.include({ counts, inTransition });
      });
    }
  }

  it('is unknown otherwise', () => {
    for (const text of ['', 'OPEN', 'U', 'UPPER', 'up', 'no chec', 'checking']) {
      expect(serverStatus(text), text).to.equal(null);
    }
  });
});
