/** Requests that were recorded from the original freno (Go) get the same responses. */
import { expect } from 'chai';
import type { MainRequest, MainResponse } from '../../src/contracts/http.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { RECORDED } from './recorded.js';

/**
 * Times are of the moment; `abusing-app`, which the original throttles by itself, is deliberately
 * left out here.
 */
function withoutTimes(body: string): string {
  return body
    .replace(/"abusing-app":\{[^}]*\},?/, '')
    .replace(/"ExpireAt":"[^"]*"/g, '"ExpireAt":"…"');
}

const STATUS_BODY =
  '{"ServiceID":"127.0.0.1:9897","Healthy":true,"IsLeader":true,' +
  '"Leader":"127.0.0.1:9897","State":"Leader","Domain":"","ShareDomain":"",' +
  '"ShareDomainServices":null,"ShareDomainServicesList":null,' +
  '"HealthyDomainServicesList":null}';

for (const engine of ENGINES) {
  describe(`recorded requests on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok', { measured: { value: 0.43 } });
      front.addStore('busy', { measured: { value: 9.25 } });
      const errorText = 'dial tcp 127.0.0.1:1: connect: connection refused';
      front.addStore('down', { measured: { state: MetricState.error, errorText } });
      // The recording has no check with ratio 0.9; ratio 0 and 1 do not depend on the dice.
      front.dice = 0.5;
      const play = front.respond;
      front.respond = (request: MainRequest): MainResponse | Promise<MainResponse> =>
        request.kind === 'consensusStatus' ? { status: 200, json: STATUS_BODY } : play(request);
    });

    after(() => front.stop());

    for (const step of RECORDED) {
      it(`responds ${step.status} to ${step.method} ${step.path} like the original`, async () => {
        const { status, headers, body } = await fetchOnce(front.port, step.path, {
          method: step.method,
        });
        expect(status).to.equal(step.status);
        expect(headers['content-type']).to.equal(step.type);
        expect(withoutTimes(body)).to.equal(withoutTimes(step.body));
      });
    }
  });
}
