/** The example clients of docs/clients.md, run unchanged against a real freno. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, statusOf, TestCluster, VALUE } from '../support/cluster.js';
import { fetchJson } from '../support/http-client.js';
import { needPrograms } from '../support/needs.js';
import { until } from '../support/until.js';

const PAGE = readFileSync(new URL('../../../docs/clients.md', import.meta.url), 'utf8');
const TOO_HIGH = 5;

/** The first example in that language below that heading. */
function example(heading: string, language: string): string {
  const section = PAGE.split(`\n## ${heading}\n`)[1]!;
  return section.split(`\n\`\`\`${language}\n`)[1]!.split('\n```')[0]!;
}

/**
 * A program in a directory of its own, and the arguments that run it. It leaves a file `written`
 * when it has written.
 */
interface ExampleProgram {
  readonly app: string;
  lay(directory: string): readonly [command: string, ...args: string[]];
}

const SHELL: ExampleProgram = {
  app: 'nightly-archive',
  lay(directory) {
    writeFileSync(join(directory, 'client.sh'), example('Shell', 'sh'));
    // Stands in for the client of MySQL: two batches, then no more rows.
    const mysql =
      `#!/bin/sh\ncd ${directory}\necho batch >> written\n[ "$(wc -l < written)" -lt 3 ] && ` +
      'echo 500 || echo 0\n';
    writeFileSync(join(directory, 'mysql'), mysql, { mode: 0o755 });
    return ['sh', join(directory, 'client.sh')];
  },
};

const PERL: ExampleProgram = {
  app: 'perl-job',
  lay(directory) {
    const file = join(directory, 'client.pl');
    writeFileSync(file, example('Perl', 'perl'));
    appendFileSync(
      file,
      `\nmay_write('perl-job', '${STORE}', 20);\nopen my $out, '>', '${directory}/written' ` +
        'or die;\n',
    );
    return ['perl', file];
  },
};

const NODE: ExampleProgram = {
  app: 'node-job',
  lay(directory) {
    const file = join(directory, 'client.mjs');
    writeFileSync(file, example('Node.js', 'js'));
    appendFileSync(
      file,
      `\nimport { writeFileSync } from 'node:fs';
await mayWrite('node-job', '${STORE}', 20_000);
writeFileSync('${directory}/written', '');\n`,
    );
    return [process.execPath, file];
  },
};

describe('the clients of docs/clients.md', () => {
  let cluster: TestCluster;
  let directory: TemporaryDirectory;

  before(async () => {
    cluster = await TestCluster.start(1);
  });

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(() => directory.remove());
  after(() => cluster?.stop());

  for (const [name, program] of Object.entries({ shell: SHELL, perl: PERL, node: NODE })) {
    it(`waits while checks fail, then writes: ${name}`, async function () {
      needPrograms(this, 'curl', 'perl');
      await value(TOO_HIGH, 429);
      const [command, ...args] = program.lay(directory.path);
      const child = spawn(command, args, {
        env: {
          PATH: `${directory.path}:${process.env.PATH}`,
          FRENO_URL: cluster.nodes[0]!.url,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const ended = once(child, 'exit');
      try {
        await until(async () => (await refusals(program.app)) >= 2);
        expect(existsSync(join(directory.path, 'written'))).to.equal(false);
        await value(VALUE, 200);
        expect(await ended).to.deep.equal([0, null]);
        expect(existsSync(join(directory.path, 'written'))).to.equal(true);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }

  /** Resolves when checks show that value. */
  async function value(value: number, status: number): Promise<void> {
    await cluster.fleet.change([{ server: 0, value }]);
    const path = `/check/test/mysql/${STORE}`;
    await until(async () => (await statusOf(cluster.nodes[0]!, path)) === status);
  }

  async function refusals(app: string): Promise<number> {
    const vars = await fetchJson(cluster.nodes[0]!.port, '/debug/vars');
    return (vars as Record<string, number>)[`check.${app}.error`] ?? 0;
  }
});
