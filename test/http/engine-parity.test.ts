/** Random requests, mostly of paths that are nearly valid: both engines respond alike. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { ROUTES } from '../../src/http/worker/routes.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { throttle } from '../support/http-pool.js';
import { SeededRandom } from '../support/random.js';

/** Of the second store. */
const BUSY_SLOT = 1;

const REQUESTS = 600;
const SEEDS = (process.env.SEEDS ?? '1,2').split(',').map(Number);

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'];
/** Of clients, most of which are no browsers. */
const HEADERS: ReadonlyArray<Record<string, string>> = [
  ...[{}, {}, {}, {}],
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-origin' },
  { Origin: 'http://other.example' },
  { Referer: 'http://other.example/page' },
];
const STATUSES = [200, 301, 307, 400, 403, 404, 405, 417, 429, 500];

/** Values of the parameters. */
const NAMES = [
  ...['a', 'denied', 'ok', 'busy', 'down', 'nosuch', 'mysql', 'postgresql', 'freno', ''],
  ...['gr%C3%B6%C3%9Fe', '%41', 'a+b', 'h1:3306', '[::1]:1', '.', '..', '~!$&()*,;=@|^`{}'],
  ...['%', '%zz', '%E2%82', '%2F', '%2f', '%00', '%0d%0a', '%22', '%25', '%3Fp=low', '%20'],
  ...['0', '1', '-1', '+5', '0.5', '.5', '5.', '1e3', '1e999', 'NaN', 'Inf', '0x10', '60', '1_0'],
  'x'.repeat(1025),
];

const QUERIES = [
  ...[
    '',
    '',
    '?',
    '?p=low',
    '?x&p=low',
    '?p=%6cow',
    '?p=%zz',
    '?%70=low',
    '?p=low&p=high',
    '??p=low',
  ],
  ...['?store_name=ok', '?store_name=', '?store_name=%2F', '?store_name=%', '?brief=true', '?&&='],
  ...['?verbose=1', '?metric=lag', '?metric=nope&verbose=1', '?threshold=0.1', '?metric=%'],
];

/** Mostly `mysql` as the type of store: all others get the same response. */
function segmentOf(pattern: string, random: SeededRandom): string {
  if (!pattern.startsWith(':')) return random.chance(0.02) ? pattern.toUpperCase() : pattern;
  return pattern === ':storeType' && random.chance(0.9) ? 'mysql' : random.pick(NAMES);
}

/** A stream has no end. */
const FINITE_ROUTES = ROUTES.filter(({ pattern }) => pattern !== '/web/stream');

function randomPath(random: SeededRandom): string {
  const segments = random.pick(FINITE_ROUTES).segments.map((segment) => segmentOf(segment, random));
  if (random.chance(0.05)) segments.pop();
  if (random.chance(0.05))
    segments.splice(random.below(segments.length + 1), 0, random.pick(NAMES));
  if (random.chance(0.05)) {
    const superfluous = random.pick(['', '.', 'x/..', '%2e', '%2E%2e', '..']);
    segments.splice(random.below(segments.length + 1), 0, superfluous);
  }
  const end = random.chance(0.1) ? '/' : '';
  return `/${segments.join('/')}${end}${random.pick(QUERIES)}`;
}

/** Times differ from one response to the next, also in their length. */
function withoutTimes(body: string): string {
  return body
    .replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"…"')
    .replace(/"(SecondsSinceLastHealthy|AgeSeconds)":[\d.]+/g, '"$1":0')
    .replace(/, for \d+ s/g, '')
    .replace(/until \d{4}-\d\d-\d\dT[\d:.]+Z/g, 'until …');
}

describe('the parity of the engines', () => {
  const fronts: TestFront[] = [];

  before(async () => {
    for (const engine of ENGINES) {
      const front = await TestFront.start(engine);
      front.addStore('ok');
      front.addStore('busy', { measured: { value: 9.25 } });
      front.addStore('größe', { measured: { value: 1e-9 } });
      front.addStore('down', { measured: null });
      front.state.apply(throttle('denied'));
      fronts.push(front);
    }
  });

  after(() => {
    for (const front of fronts) front.stop();
  });

  async function responseOf(
    front: TestFront,
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<object> {
    // So that low priority is denied, however long ago the latest 429 was.
    front.board.holdLowPriority(BUSY_SLOT, monotonicMs());
    const response = await fetchOnce(front.port, path, { method, headers });
    const { location, allow, 'content-type': type } = response.headers;
    return { status: response.status, type, location, allow, body: withoutTimes(response.body) };
  }

  for (const seed of SEEDS) {
    it(`gives the same responses on both engines (seed ${seed})`, async () => {
      const random = new SeededRandom(seed);
      for (let request = 0; request < REQUESTS; request++) {
        const method = random.pick(METHODS);
        const path = randomPath(random);
        const headers = random.pick(HEADERS);
        const responses = await Promise.all(
          fronts.map((front) => responseOf(front, method, path, headers)),
        );
        expect(responses[0], `${method} ${path.slice(0, 200)}`).to.deep.equal(responses[1]);
        const { status, body } = responses[0] as { status: number; body: string };
        expect(status, `${method} ${path.slice(0, 200)}`).to.be.oneOf(STATUSES);
        if (method === 'HEAD') expect(body).to.equal('');
        if (body.startsWith('{"StatusCode"')) expect(JSON.parse(body).StatusCode).to.equal(status);
      }
    });
  }
});
