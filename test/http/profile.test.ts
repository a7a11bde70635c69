/** Requests for metrics and profiles over HTTP, with a main that the test plays. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { sharedBytes } from '../../src/http/main/shared-bytes.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

/** Of this process (Linux). */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
}

for (const engine of ENGINES) {
  describe(`metrics and profiles on the ${engine} engine`, () => {
    let front: TestFront;
    let directory: TemporaryDirectory;

    beforeEach(async () => {
      directory = new TemporaryDirectory();
      front = await TestFront.start(engine, true);
    });

    afterEach(() => {
      front.stop();
      directory.remove();
    });

    it('sends metrics as the text that main wrote', async () => {
      const contentType = 'text/plain; version=0.0.4; charset=utf-8';
      const text = 'a{b="ä"} 1\n';
      const bytes = await sharedBytes([text]);
      const other = { kind: 'shared', contentType, bytes } as const;
      front.respond = () => ({ status: 200, json: '', other });
      const got = await fetchOnce(front.port, '/metrics');
      expect(got).to.include({ status: 200, body: text });
      const head = await fetchOnce(front.port, '/metrics', { method: 'HEAD' });
      expect(head).to.include({ status: 200, body: '' });
      for (const { headers } of [got, head]) {
        expect(headers['content-type']).to.equal(contentType);
      }
      expect(head.headers['content-length']).to.equal(String(Buffer.byteLength(text)));
      expect(front.mainRequests).to.deep.equal([{ kind: 'metrics' }, { kind: 'metrics' }]);
    });

    it('sends the file of a profile once, and removes it', async () => {
      const path = join(directory.path, 'a.heapsnapshot');
      const content = JSON.stringify(randomBytes(3_000_000).toString('hex'));
      writeFileSync(path, content);
      front.respond = () => ({ status: 200, json: '', other: { kind: 'file', path } });
      const got = await fetchOnce(front.port, '/debug/pprof/heap');
      expect(got.headers['content-type']).to.equal('application/json');
      expect(got.body === content).to.equal(true);
      expect(existsSync(path)).to.equal(false);
      const gone = await fetchOnce(front.port, '/debug/pprof/heap');
      expect(gone.status).to.equal(500);
      expect((await fetchOnce(front.port, '/lb-check')).status).to.equal(200);
    });

    it('closes the file of a profile whose client has gone', async function () {
      if (!existsSync('/proc/self/fd')) this.skip();
      const path = join(directory.path, 'gone.heapsnapshot');
      writeFileSync(path, randomBytes(1_000_000));
      let finish = (): void => {};
      front.respond = () =>
        new Promise((resolve) => {
          finish = () => resolve({ status: 200, json: '', other: { kind: 'file', path } });
        });
      const client = new AbortController();
      const { signal } = client;
      const got = fetchOnce(front.port, '/debug/pprof/heap', { signal }).catch(() => 'aborted');
      await until(() => front.mainRequests.length > 0);
      client.abort();
      expect(await got).to.equal('aborted');
      await eventLoopTurns();
      finish();
      await until(() => !existsSync(path));
      await until(() => openFiles().every((file) => !file.startsWith(path)), 2_000);
    });

    it('requests a profile by the parameters and their defaults', async () => {
      for (const path of [
        'profile',
        'profile?seconds=60&thread=probe',
        'profile?thread=http&seconds=1',
        'heap',
        'heap?thread=http&seconds=x',
      ]) {
        expect((await fetchOnce(front.port, `/debug/pprof/${path}`)).status, path).to.equal(200);
      }
      const profiles = front.mainRequests.map((request) =>
        request.kind === 'profile' ? request.profile : request,
      );
      expect(profiles).to.deep.equal([
        { thread: 'main', seconds: 30 },
        { thread: 'probe', seconds: 60 },
        { thread: 'http', seconds: 1 },
        { thread: 'main', seconds: null },
        { thread: 'http', seconds: null },
      ]);
    });

    it('refuses invalid parameters and takes no profile for HEAD', async () => {
      const bad = ['seconds=0', 'seconds=61', 'seconds=-1', 'seconds=1.5', 'seconds=x', 'thread=x'];
      for (const method of ['GET', 'HEAD']) {
        for (const query of bad) {
          const { status } = await fetchOnce(front.port, `/debug/pprof/profile?${query}`, {
            method,
          });
          expect(status, `${method} ${query}`).to.equal(400);
        }
      }
      const head = await fetchOnce(front.port, '/debug/pprof/profile', { method: 'HEAD' });
      expect(head.status).to.equal(200);
      expect(front.mainRequests).to.deep.equal([]);
    });

    it('lists the paths of the profiler in /help', async () => {
      expect(await fetchJson(front.port, '/help')).to.include.members([
        '/metrics',
        '/debug/pprof/profile',
        '/debug/pprof/heap',
      ]);
    });
  });
}

for (const engine of ENGINES) {
  describe(`profiles without EnableProfiling on the ${engine} engine`, () => {
    it('responds 404 to the paths of the profiler when it is disabled', async () => {
      const front = await TestFront.start(engine);
      for (const method of ['GET', 'HEAD']) {
        for (const path of ['/debug/pprof/profile', '/debug/pprof/heap?thread=main']) {
          const { status } = await fetchOnce(front.port, path, { method });
          expect(status, `${method} ${path}`).to.equal(404);
        }
      }
      const help = await fetchJson(front.port, '/help');
      expect(help).to.include('/metrics').and.not.include('/debug/pprof/heap');
      expect(front.mainRequests).to.deep.equal([]);
      front.stop();
    });
  });
}
