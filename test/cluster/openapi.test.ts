/** The OpenAPI document beside real answers: every route, and every status that can be had. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { templateOf } from '../../src/http/worker/openapi/document.js';
import { matchRoute, ROUTES } from '../../src/http/worker/routes.js';
import { fetchOnce } from '../support/http-client.js';
import { PageCluster } from '../support/page-cluster.js';
import { readFromRoot } from '../support/sources.js';

interface ApiDocument {
  readonly paths: Record<string, Record<string, ApiOperation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

interface ApiOperation {
  readonly operationId: string;
  readonly responses: Record<string, { readonly content?: Record<string, object> }>;
}

/** What a healthy cluster does not answer, and which test sees it. */
const NOT_PRODUCED: ReadonlyArray<readonly [status: string, why: string]> = [
  ['501', 'a node of an earlier release: rolling-upgrade.test.ts'],
  ['503', 'no leader, or too many requests: control.test.ts, streams.test.ts'],
  ['504', 'an unknown outcome: control.test.ts'],
];

const BROWSER = { 'Sec-Fetch-Site': 'cross-site' };
const LONG = 'x'.repeat(1_025);

describe('the OpenAPI document', function () {
  this.timeout(60_000);

  let cluster: PageCluster;
  let leader: FrenoNode;
  let follower: FrenoNode;
  let document: ApiDocument;
  let ajv: Ajv2020;
  const produced = new Set<string>();
  const validators = new Map<string, ValidateFunction>();

  before(async () => {
    cluster = await PageCluster.start({
      ...{ nodes: 3, stores: 3, hosts: 3 },
      besides: { EnableProfiling: true },
    });
    leader = await cluster.leader();
    follower = cluster.nodes.find((node) => node !== leader)!;
    document = JSON.parse((await fetchOnce(leader.port, '/openapi.json')).body) as ApiDocument;
    ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema({ $id: 'api', components: document.components });
  });

  after(() => cluster?.stop());

  it('is one of OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
  });

  it('has each route of the router once, with identifiers that differ', () => {
    expect(Object.keys(document.paths)).to.deep.equal(ROUTES.map(templateOf));
    const identifiers = Object.values(document.paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => operationId ?? []),
    );
    expect(new Set(identifiers).size).to.equal(identifiers.length);
  });

  it('has routes that docs/http.md describes', () => {
    const page = readFromRoot('docs/http.md');
    const missing = ROUTES.filter(({ segments }) => !page.includes(`/${segments[0]}`));
    expect(missing.map(({ pattern }) => pattern)).to.deep.equal([]);
  });

  it('describes real answers', async () => {
    const skipped = encodeURIComponent(cluster.fleet.hosts[1]!);
    const throttle = '/throttle-app/noted?reason=r&owner=o';
    const requests: ReadonlyArray<readonly [path: string, node?: FrenoNode, headers?: object]> = [
      ['/check/a/mysql/main1'],
      ['/check/a/mysql/main1?verbose=1'],
      ['/check/a/mysql/main3?verbose=1'],
      ['/check/a/mysql/audit?verbose=1'],
      ['/check/a/mysql/nosuch'],
      ['/check/a/mysql/main1?verbose=1', follower],
      ['/check/a/mysql/main1?wait=x'],
      ['/check-if-exists/a/mysql/nosuch'],
      ...['main3', 'audit'].map((store) => [`/check-if-exists/a/mysql/${store}`] as const),
      ['/check-if-exists/a/mysql/main1', follower],
      [`/check-if-exists/${LONG}/mysql/main1`],
      ['/check-read/a/mysql/main1/0.5'],
      ['/check-read/a/mysql/main3/0.5'],
      ['/check-read/a/mysql/audit/0.5'],
      ['/check-read/a/mysql/nosuch/0.5'],
      ['/check-read/a/mysql/main1/x'],
      ['/check-read-if-exists/a/mysql/main1/0.5'],
      ['/check-read-if-exists/a/mysql/main3/0.5'],
      ['/check-read-if-exists/a/mysql/audit/0.5'],
      ['/check-read-if-exists/a/mysql/main1/0.5', follower],
      ['/check-read-if-exists/a/mysql/main1/x'],
      ...['main1', 'main3', 'audit', 'nosuch'].map(
        (store) => [`/check-all/a?store=mysql/${store}`] as const,
      ),
      ['/check-all/a'],
      ...['main1', 'main3', 'audit', 'nosuch'].map((store) => [`/why/a/mysql/${store}`] as const),
      ['/why/a/mysql/main1?threshold=x'],
      [throttle],
      ['/throttle-app/denied'],
      ...['check', 'check-if-exists', 'why'].map(
        (name) => [`/${name}/denied/mysql/main1`] as const,
      ),
      ['/check-read/denied/mysql/main1/1'],
      ['/check-read-if-exists/denied/mysql/main1/1'],
      ['/check-all/denied?store=mysql/main1'],
      ['/throttle-app/a/ratio/0.5'],
      ['/throttle-app/a/ratio/2'],
      ['/throttle-app/a/ttl/5'],
      ['/throttle-app/a/ttl/x'],
      ['/throttle-app/a/ttl/5/ratio/0.5'],
      ['/throttle-app/a/ttl/5/ratio/x'],
      [`/throttle-app/${LONG}`],
      ['/throttled-apps'],
      [`/skip-host/${skipped}`],
      ['/skip-host/h2/ttl/5?owner=o'],
      ['/skip-host/h2/ttl/x'],
      ['/skip-host/:1'],
      ['/skipped-hosts'],
      ['/stores'],
      ['/stores/mysql/main3'],
      ['/stores/mysql/nosuch'],
      ['/inventory'],
      [`/recover-host/${skipped}`],
      ['/recover-host/:1'],
      ['/exempt-app/a'],
      ['/exempt-app/*'],
      ['/exempt-app/a/ttl/5?owner=o'],
      ['/exempt-app/a/ttl/x'],
      ['/exempted-apps'],
      ['/unexempt-app/a'],
      [`/unexempt-app/${LONG}`],
      ['/set-threshold/mysql/main1/5'],
      ['/set-threshold/mysql/main1/5/ttl/5'],
      ['/set-threshold/mysql/main1/5/metric/lag'],
      ['/set-threshold/mysql/main1/5/metric/lag/ttl/5'],
      ['/set-threshold/mysql/main1/5/ttl/5/metric/lag'],
      ...['', '/ttl/5', '/metric/lag', '/metric/lag/ttl/5', '/ttl/5/metric/lag'].flatMap((rest) => [
        [`/set-threshold/mysql/nosuch/5${rest}`] as const,
        [`/set-threshold/mysql/main1/x${rest}`] as const,
      ]),
      ['/thresholds'],
      ['/stores/mysql/main1'],
      ['/reset-threshold/mysql/main1'],
      ['/reset-threshold/mysql/main1?reason=%00'],
      ['/reset-threshold/mysql/main1/metric/lag'],
      ['/reset-threshold/mysql/main1/metric/lag?reason=%00'],
      ['/unthrottle-app/a'],
      [`/unthrottle-app/${LONG}`],
      ['/recent-apps'],
      ['/recent-apps/5'],
      ['/recent-apps/x'],
      ['/apps'],
      ['/apps?limit=0'],
      ...['/lb-check', '/_ping', '/status', '/leader-check'].map((path) => [path] as const),
      ['/leader-check', follower],
      ...['/raft/leader', '/raft/state', '/consensus/leader', '/consensus/state'].map(
        (path) => [path] as const,
      ),
      ...['/consensus/status', '/cluster', '/hostname', '/aggregated-metrics'].map(
        (path) => [path] as const,
      ),
      ...['/metrics-health', '/config/memcache', '/debug/vars', '/debug/metrics'].map(
        (path) => [path] as const,
      ),
      ['/events'],
      ['/events?limit=0'],
      ['/history/mysql/main1'],
      ['/history/mysql/main1?seconds=0'],
      ['/history/mysql/nosuch'],
      ['/matches/app/a?store_name=main1'],
      [`/matches/app/${LONG}`],
      ['/matches/host/127.0.0.1'],
      ['/matches/host/:1'],
      ['/metrics'],
      ['/debug/pprof/profile?seconds=1'],
      ['/debug/pprof/profile?seconds=x'],
      ['/debug/pprof/profile?seconds=1', leader, BROWSER],
      ['/debug/pprof/heap'],
      ['/debug/pprof/heap?thread=x'],
      ['/debug/pprof/heap', leader, BROWSER],
      ['/'],
      ['/web/main.js'],
      ['/web/nosuch.js'],
      ['/openapi.json'],
      ['/help'],
      ['/raft/yield?reason=%00'],
      ['/raft/yield'],
    ];
    for (const [path, node, headers] of requests) await expectDescribed(path, node, headers);
    // Handed over: it does not lead now.
    await expectDescribed('/raft/yield');
    const { headers } = await fetchOnce(leader.port, '/');
    const cached = { 'If-None-Match': String(headers.etag) };
    await expectDescribed('/', leader, cached);
    const file = await fetchOnce(leader.port, '/web/main.js');
    await expectDescribed('/web/main.js', leader, { 'If-None-Match': String(file.headers.etag) });
    for (const { pattern, allow } of ROUTES) {
      if (!allow.includes('POST')) continue;
      await expectDescribed(pattern.replace(/:\w+/g, '5'), leader, BROWSER);
    }
  });

  it('describes no answer that there is not', () => {
    const documented = Object.entries(document.paths).flatMap(([template, item]) =>
      Object.keys(item.get!.responses).map((status) => `${template} ${status}`),
    );
    const excused = NOT_PRODUCED.map(([status]) => status);
    const missing = documented.filter(
      (each) => !produced.has(each) && !excused.includes(each.split(' ')[1]!),
    );
    // A stream has no end: streams.test.ts. Without a leader: cluster.test.ts.
    // With EnableProfiling there is a profile: profile.test.ts. Of the two paths of /recent-apps
    // one has no parameter that can be wrong.
    expect(missing).to.have.members([
      '/web/stream 200',
      '/recent-apps 400',
      '/raft/leader 500',
      '/consensus/leader 500',
      '/debug/pprof/profile 404',
      '/debug/pprof/heap 404',
    ]);
  });

  async function expectDescribed(path: string, node = leader, headers = {}): Promise<void> {
    const { status, body, headers: got } = await fetchOnce(node.port, path, { headers });
    const match = matchRoute(path.replace(/\?.*/, ''));
    if (match.kind !== 'found') throw new Error(`${path} is no route`);
    const template = templateOf(match.route);
    const about = `${path}: ${status} ${body.slice(0, 300)}`;
    const response = document.paths[template]!.get!.responses[status];
    expect(response, about).not.to.equal(undefined);
    produced.add(`${template} ${status}`);
    const [[contentType, media] = []] = Object.entries(response!.content ?? {});
    if (contentType === undefined) return;
    expect(String(got['content-type']), about).to.equal(contentType);
    if (contentType !== 'application/json') return;
    const { $ref } = (media as { schema: { $ref: string } }).schema;
    let validate = validators.get($ref);
    if (validate === undefined) {
      validate = ajv.compile({ $ref: `api${$ref}` });
      validators.set($ref, validate);
    }
    validate(JSON.parse(body));
    expect(validate.errors, `${about}\n${ajv.errorsText(validate.errors)}`).to.equal(null);
  }
});
