/** The OpenAPI document beside real answers: every route, every status that it has. */
import { get } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { openApiDocument, templateOf } from '../../src/http/worker/openapi/document.js';
import { isControl, matchRoute, ROUTES, type Route } from '../../src/http/worker/routes.js';
import { ApiDocument } from '../support/api-document.js';
import {
  type ApiNodes,
  DENIED_APP,
  pathOf,
  queriesBeyond,
  requestFor,
  valuesBeyond,
} from '../support/api-requests.js';
import { fetchOnce, type HttpAnswer } from '../support/http-client.js';
import { PageCluster } from '../support/page-cluster.js';
import { readFromRoot } from '../support/sources.js';
import { until } from '../support/until.js';

const SIZE_BYTES_MAX = 90_000;

/** Statuses that need a node which is broken or old, and which test sees them. */
const PRODUCED_ELSEWHERE: ReadonlyArray<readonly [status: number, why: string]> = [
  [501, 'a node of an earlier release: rolling-upgrade.test.ts'],
  [503, 'of what is no command: main hangs, or a flood: control.test.ts, streams.test.ts'],
  [504, 'of a hand-over: no node is known to lead after it: control.test.ts'],
];

/** Those that some route gives, and a request to any other may not give undescribed. */
const TRIED = [200, 400, 403, 404, 409, 417, 429, 500, 503];

/** Of which each request costs much, or moves the leader. */
const TRIED_ONCE = ['cpuProfile', 'heapSnapshot', 'yieldLeadership'];

const document = new ApiDocument(openApiDocument());

describe('the OpenAPI document', function () {
  this.timeout(60_000);

  it('is one of OpenAPI 3.1, and small', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(document.text));
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
    expect(Buffer.byteLength(document.text)).to.be.below(SIZE_BYTES_MAX);
  });

  it('has each route of the router once, and an identifier for each of its methods', () => {
    const { paths } = document.described;
    expect(Object.keys(paths)).to.deep.equal(ROUTES.map(templateOf));
    const identifiers = ROUTES.flatMap((route) => {
      const { get: read, head, options, post } = paths[templateOf(route)]!;
      expect(post !== undefined, route.pattern).to.equal(isControl(route));
      return [read, head, options, ...(post === undefined ? [] : [post])];
    }).map(({ operationId }) => operationId);
    expect(new Set(identifiers).size).to.equal(identifiers.length);
  });

  it('uses every component, and has every one that it uses', () => {
    const used = new Set(document.text.match(/(?<="#\/components\/)[^"]+/g));
    // Schemes of security are named without a reference.
    const { securitySchemes: _, ...referred } = document.described.components;
    const components = Object.entries(referred).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `${kind}/${name}`),
    );
    expect([...used].sort()).to.deep.equal(components.sort());
  });

  it('has examples that fit', () => {
    expect(document.expectFittingExamples()).to.be.above(5);
  });

  it('has the routes that docs/http.md has', () => {
    const documented = pathsIn(readFromRoot('docs/http.md'));
    const missing = ROUTES.map((route) => templateOf(route).replace(/\{\w+\}/g, '<>'));
    expect(missing.filter((path) => !documented.has(path))).to.deep.equal([]);
  });
});

describe('real answers beside the OpenAPI document', function () {
  this.timeout(60_000);

  const directory = new TemporaryDirectory();
  let cluster: PageCluster;
  let nodes: ApiNodes;
  /** Of a cluster of which no other node runs. */
  let alone: FrenoNode;

  before(async () => {
    cluster = await PageCluster.start({
      ...{ nodes: 3, stores: 3, hosts: 3 },
      besides: { EnableProfiling: true },
    });
    const { Stores } = cluster.nodes[0]!.configuration;
    const [place] = await createNodes(3, directory.path, { HttpEngine: 'node', Stores });
    alone = place!;
    await alone.start().waitFor('/lb-check', 200);
    await Promise.all(cluster.nodes.map((node) => node.process.waitFor('/raft/leader', 200)));
    nodes = await nodesNow();
    await fetchOnce(nodes.leader.port, `/throttle-app/${DENIED_APP}`);
  });

  after(async () => {
    await Promise.all([cluster?.stop(), alone?.stop()]);
    directory.remove();
  });

  /** On a machine that is busy the leader may change. */
  async function nodesNow(): Promise<ApiNodes> {
    const leader = await cluster.leader();
    return { leader, follower: cluster.nodes.find((node) => node !== leader)!, alone };
  }

  it('serves the document on every node', async () => {
    for (const node of [...cluster.nodes, alone]) {
      const { body, headers } = await fetchOnce(node.port, '/openapi.json');
      expect(body).to.equal(`${document.text}\n`);
      expect(headers['content-type']).to.equal('application/json');
    }
  });

  for (const route of ROUTES.filter(({ endpoint }) => endpoint !== 'stream')) {
    const template = templateOf(route);
    const isHandOver = route.endpoint === 'yieldLeadership';

    it(`gets each status of ${template}`, async () => {
      for (const status of document.statusesOf(template)) {
        // The hand-over, and commands without a majority, come last.
        if (status === (isHandOver ? 200 : 504)) continue;
        if (status === 304) await expectNotModified(route);
        else await expectStatus(route, status);
      }
      if (!TRIED_ONCE.includes(route.endpoint)) await expectNoOther(route);
      await expectOptions(route);
    });
  }

  it('gets 400 beyond each limit of a parameter', async () => {
    let tried = 0;
    for (const route of ROUTES) {
      const [path] = pathOf(route).split('?');
      for (const parameter of document.parametersOf(templateOf(route))) {
        const { name, schema } = parameter;
        const isOfPath = parameter.in === 'path';
        const paths = isOfPath
          ? valuesBeyond(schema).map((value) => pathOf(route, { [name]: value }))
          : queriesBeyond(parameter).map((query) => `${path}?${query}`);
        for (const beyond of paths) {
          const { status } = await fetchOnce(nodes.leader.port, beyond);
          expect(status, beyond.slice(0, 200)).to.equal(400);
          tried++;
        }
      }
    }
    expect(tried).to.be.above(100);
  });

  it('gets the stream of the page', async () => {
    const { url } = await cluster.leader();
    const answer = await new Promise<HttpAnswer>((resolve, reject) => {
      const request = get(`${url}/web/stream`, ({ statusCode, headers }) => {
        request.destroy();
        resolve({ status: statusCode ?? 0, headers, body: '' });
      });
      request.on('error', reject);
    });
    document.expectDescribed('/web/stream', answer);
  });

  it('gets 503 of a profile while another is being taken', async () => {
    const { port } = await cluster.leader();
    for (const name of ['profile', 'heap']) {
      const answer = await until(async () => {
        const paths = ['profile?seconds=1', `${name}?seconds=1&thread=probe`];
        const [, second] = await Promise.all(
          paths.map((path) => fetchOnce(port, `/debug/pprof/${path}`)),
        );
        return second!.status === 503 && second;
      });
      document.expectDescribed(`/debug/pprof/${name}`, answer!);
    }
  });

  it('describes the answers to other questions', async () => {
    const { leader, follower } = await nodesNow();
    const skipped = encodeURIComponent(cluster.fleet.hosts[1]!);
    const noted = '?reason=r&owner=o';
    const questions = [
      ...['main1', 'main3', 'audit', 'nosuch'].flatMap((store) => [
        `/check/a/mysql/${store}?verbose=1`,
        `/check/${DENIED_APP}/mysql/${store}?verbose=1`,
        `/check-if-exists/a/mysql/${store}`,
        `/check-all/a?store=mysql/main1&store=mysql/${store}`,
        `/why/a/mysql/${store}?threshold=5`,
      ]),
      ...['/check/a/mysql/main1?metric=nosuch', '/why/a/mysql/main1?metric=nosuch'],
      ...['/check/a/postgresql/main1', '/why/a/postgresql/main1', '/check//mysql/main1'],
      '/check-all/a?store=postgresql/main1',
      `/throttle-app/*${noted}`,
      ...['/check/a/mysql/main1?verbose=1', '/unthrottle-app/*'],
      `/throttle-app/a${noted}&store_name=main1`,
      `/throttle-app/b/ttl/0/ratio/0.5`,
      '/throttled-apps',
      `/exempt-app/b${noted}`,
      ...['/why/b/mysql/main3', '/exempted-apps'],
      `/skip-host/${skipped}/ttl/5${noted}`,
      ...['/skipped-hosts', '/stores/mysql/main3', '/inventory', `/matches/host/${skipped}`],
      `/set-threshold/mysql/main1/0.001${noted}`,
      ...[
        '/thresholds',
        '/stores',
        '/check/c/mysql/main1?verbose=1',
        '/matches/app/a?store_name=x',
      ],
      ...['/apps', '/recent-apps', '/history/mysql/main1', '/events', '/metrics-health'],
      ...['/aggregated-metrics?brief=true', '/cluster', '/consensus/status', '/debug/vars'],
      ...['/reset-threshold/mysql/main1', '/unexempt-app/b', '/unthrottle-app/a'],
      ...[`/recover-host/${skipped}`, '/web/index.html', '/web/main.css', '/web/uplot.css'],
    ];
    for (const node of [leader, follower]) {
      for (const path of questions) document.expectDescribed(...(await ask(node, path)));
    }
  });

  it('describes a hand-over', async () => {
    // A follower that has not yet all commands cannot lead: 409.
    await until(async () => {
      const [template, answer] = await ask(await cluster.leader(), '/raft/yield');
      document.expectDescribed(template, answer);
      return answer.status === 200;
    });
  });

  it('describes commands without a majority', async () => {
    const leader = await cluster.leader();
    for (const node of cluster.nodes) if (node !== leader) node.process.signal('SIGSTOP');
    const commands = ROUTES.filter(
      ({ endpoint, allow }) => allow.includes('POST') && endpoint !== 'yieldLeadership',
    );
    try {
      const answers = await Promise.all(commands.map((route) => ask(leader, pathOf(route))));
      for (const [template, answer] of answers) {
        expect(answer.status, template).to.equal(504);
        document.expectDescribed(template, answer);
      }
    } finally {
      for (const node of cluster.nodes) node.process.signal('SIGCONT');
    }
  });

  /** By GET, HEAD and POST. */
  async function expectStatus(route: Route, status: number): Promise<void> {
    const template = templateOf(route);
    if (requestFor(route, status, nodes) === undefined) {
      expect(status, template).to.be.oneOf(PRODUCED_ELSEWHERE.map(([each]) => each));
      return;
    }
    for (const method of isControl(route) ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD']) {
      const answer = await answerOf(route, status, method);
      document.expectDescribed(template, answer, method);
    }
  }

  /** What gets a status of other routes gets none that is not described. */
  async function expectNoOther(route: Route): Promise<void> {
    const template = templateOf(route);
    const described = document.statusesOf(template);
    for (const status of TRIED.filter((each) => !described.includes(each))) {
      const request = requestFor(route, status, nodes);
      if (request === undefined) continue;
      const { node, path, headers } = request;
      document.expectDescribed(
        template,
        await fetchOnce(node.port, path, { ...(headers && { headers }) }),
      );
    }
  }

  /** Asks again while another node becomes leader. */
  async function answerOf(route: Route, status: number, method: string): Promise<HttpAnswer> {
    let last = '';
    return until(
      async () => {
        const { node, path, headers } = requestFor(route, status, nodes)!;
        const answer = await fetchOnce(node.port, path, { method, ...(headers && { headers }) });
        last = `${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`;
        if (answer.status === status) return answer;
        nodes = await nodesNow();
        return undefined;
      },
      undefined,
      () => `${status}, got ${last}`,
    );
  }

  async function expectNotModified(route: Route): Promise<void> {
    const { port } = await cluster.leader();
    const { headers } = await fetchOnce(port, pathOf(route));
    const cached = { 'If-None-Match': String(headers.etag) };
    const answer = await fetchOnce(port, pathOf(route), { headers: cached });
    expect(answer.status).to.equal(304);
    document.expectDescribed(templateOf(route), answer);
  }

  async function expectOptions(route: Route): Promise<void> {
    const { port } = await cluster.leader();
    const answer = await fetchOnce(port, pathOf(route), { method: 'OPTIONS' });
    expect(answer).to.include({ status: 200, body: '' });
    const { parameters: _, ...methods } = document.pathItem(templateOf(route));
    const allowed = String(answer.headers.allow).toLowerCase().split(', ');
    expect(allowed).to.have.members(Object.keys(methods));
  }

  async function ask(node: FrenoNode, path: string): Promise<[template: string, HttpAnswer]> {
    const match = matchRoute(path.replace(/\?.*/, ''));
    if (match.kind !== 'found') throw new Error(`${path} is no route`);
    return [templateOf(match.route), await fetchOnce(node.port, path)];
  }
});

/** The paths in code of a page, with `<>` for each parameter; what is in brackets may be absent. */
function pathsIn(page: string): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const [, code] of page.matchAll(/`(?:GET |POST )?(\/[^`]*)`/g)) {
    const path = code!.replace(/<[^>]*>/g, '<>').replace(/\[\?.*\]/, '');
    const [whole] = path.replace(/[[\]]/g, '').split('?');
    const [short] = path.replace(/\[[^\]]*\]/g, '').split('?');
    paths.add(whole!).add(short!);
  }
  return paths;
}
