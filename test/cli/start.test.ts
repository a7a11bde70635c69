/** What freno loads before it does something: a script may call it ten times a second. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { checkBody, respondWith } from '../support/check-responses.js';
import { runCommand } from '../support/freno-command.js';
import { Pages } from '../support/pages.js';
import { readFromRoot } from '../support/sources.js';

/** Of imports that are no types, and that are not made by `import(…)`. */
const SPECIFIER = /^(?:import|export) (?!type\b)(?:[\w\s{},*]*? from )?'([^']+)'/gm;

function specifiersOf(file: string): string[] {
  return [...readFromRoot(file).matchAll(SPECIFIER)].map(([, specifier]) => specifier!);
}

/** The file and all that it imports when it is loaded. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const specifier of specifiersOf(file).filter((each) => each.startsWith('.'))) {
    loadedWith(posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts'), seen);
  }
  return seen;
}

function packagesOf(files: readonly string[]): string[] {
  return files.flatMap(specifiersOf).filter((name) => !/^(?:\.|node:)/.test(name));
}

describe('the client', () => {
  const loaded = [...loadedWith('src/cli/main.ts')];

  it('loads the command line, and no definition or handler before it is needed', () => {
    expect(loaded).to.include('src/cli/program/program.ts');
    const others = loaded.filter((file) =>
      /^src\/cli\/(?:commands|views|check-config|servers|program\/.*-commands)\b/.test(file),
    );
    expect(others).to.deep.equal([]);
  });

  it('loads for a check nothing of other commands', () => {
    const check = [...loadedWith('src/cli/program/job-commands.ts')].concat([
      ...loadedWith('src/cli/commands/check.ts'),
    ]);
    expect(check).to.include('src/cli/servers/transport.ts');
    expect(check).not.to.include('src/cli/servers/server-group.ts');
    expect(packagesOf(check)).to.deep.equal([]);
  });

  it('loads no part of the service, and one package', () => {
    const foreign = loaded.filter((file) => !/^src\/(?:cli|client|base)\//.test(file));
    expect(foreign).to.deep.equal([]);
    expect(packagesOf(loaded)).to.deep.equal([]);
    const requiring = loaded.filter((file) => readFromRoot(file).includes('createRequire'));
    expect(requiring).to.deep.equal(['src/cli/program/commander.ts']);
  });

  it('asks without fetch, which takes longer to load than all else', async () => {
    const directory = new TemporaryDirectory();
    const pages = await Pages.serve(respondWith(200, checkBody(200)));
    const [preload, list] = [join(directory.path, 'list.cjs'), join(directory.path, 'list')];
    const write = `writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join())`;
    writeFileSync(preload, `process.once('exit', () => require('node:fs').${write});\n`);
    const words = ['check', 'app', 'main', '--server', pages.url];
    const { code } = await runCommand(words, { NODE_OPTIONS: `--require ${preload}` });
    const modules = readFileSync(list, 'utf8').split(',');
    await pages.close();
    directory.remove();
    expect(code).to.equal(0);
    expect(modules).to.include('NativeModule http');
    expect(modules.filter((name) => /undici|NativeModule (?:http2|tls)$/.test(name))).to.deep.equal(
      [],
    );
  });
});

describe('the flags', () => {
  it('load the service only to run it', () => {
    const loaded = [...loadedWith('src/main.ts')];
    expect(loaded).to.include('src/config/commandline.ts');
    expect(loaded.filter((file) => file.startsWith('src/service/'))).to.deep.equal([]);
    expect(packagesOf(loaded)).to.deep.equal([]);
  });
});

describe('the service', () => {
  const loaded = [...loadedWith('src/service/run-service.ts')];

  it('starts its HTTP threads before it loads the parts that they do not need', () => {
    expect(loaded).to.include('src/http/main/pool.ts');
    const parts = /^src\/(?:consensus|stores|service\/service)/;
    expect(loaded.filter((file) => parts.test(file))).to.deep.equal([]);
  });

  it('loads the consensus that is configured, and not the other', () => {
    const parts = [...loadedWith('src/service/service.ts'), ...loadedWith('src/service/parts.ts')];
    expect(parts).to.include('src/stores/main/pool.ts');
    const consensus = /^src\/consensus\/(?:raft|mysql)\/consensus/;
    expect(parts.filter((file) => consensus.test(file))).to.deep.equal([]);
  });
});
