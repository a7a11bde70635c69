/** The example clients of docs/clients.md, run unchanged against a real freno. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, statusOf, TestCluster, VALUE } from '../support/cluster.js';
import { fetchJson } from '../support/http-client.js';
import { needPrograms, type Program, programPath } from '../support/needs.js';
import { until } from '../support/until.js';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/clients.md', ROOT), 'utf8');
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
  readonly needs: readonly Program[];
  lay(directory: string): readonly [command: string, ...args: string[]];
}

const SHELL: ExampleProgram = {
  app: 'nightly-archive',
  needs: ['curl'],
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
  needs: ['perl'],
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

const RUBY: ExampleProgram = {
  app: 'ruby-job',
  needs: ['ruby'],
  lay(directory) {
    const file = join(directory, 'client.rb');
    writeFileSync(file, example('Ruby', 'ruby'));
    appendFileSync(
      file,
      `\nFreno.new.may_write("ruby-job", "${STORE}", max_wait: 20)\n` +
        `File.write("${directory}/written", "")\n`,
    );
    return [programPath('ruby'), file];
  },
};

const JAVASCRIPT: ExampleProgram = {
  app: 'nightly-archive',
  needs: [],
  lay(directory) {
    const file = join(directory, 'client.mjs');
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(fileURLToPath(ROOT), join(directory, 'node_modules/freno'));
    writeFileSync(file, example('JavaScript', 'js'));
    appendFileSync(
      file,
      `\nimport { appendFileSync } from 'node:fs';
async function* batches() { yield* ['a', 'b']; }
async function write(batch) { appendFileSync('${directory}/written', batch); }\n`,
    );
    return [process.execPath, file];
  },
};

const PYTHON: ExampleProgram = {
  app: 'nightly-archive',
  needs: ['python3'],
  lay(directory) {
    const file = join(directory, 'client.py');
    const client = new URL('resources/clients/python/freno_client.py', ROOT);
    copyFileSync(client, join(directory, 'freno_client.py'));
    const definitions = `def batches():
    yield from "ab"

def write(batch):
    with open("${directory}/written", "a") as file:
        file.write(batch)

`;
    writeFileSync(file, definitions + example('Python', 'python'));
    return [programPath('python3'), file];
  },
};

const EXAMPLES = {
  shell: SHELL,
  perl: PERL,
  ruby: RUBY,
  javascript: JAVASCRIPT,
  python: PYTHON,
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

  for (const [name, program] of Object.entries(EXAMPLES)) {
    it(`waits while checks fail, then writes: ${name}`, async function () {
      needPrograms(this, ...program.needs);
      await value(TOO_HIGH, 429);
      const before = await refusals(program.app);
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
        await until(async () => (await refusals(program.app)) > before);
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
