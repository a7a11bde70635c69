/** Links, commands and configuration in the documentation are valid. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../src/config/load.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { matchRoute } from '../../src/http/worker/routes.js';
import { needPrograms, programPath } from '../support/needs.js';

const ROOT = new URL('../../../', import.meta.url);
const names = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'));
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...names.map((name) => `docs/${name}`),
];
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** The fragments of a page's headings, as GitHub makes them. */
function fragments(page: string): string[] {
  const text = page.replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  for (const path of pages) {
    it(`${path} links to pages and sections that exist`, () => {
      const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
      for (const link of links.filter((each) => !/^https?:/.test(each))) {
        const [file, fragment] = link.split('#') as [string, string | undefined];
        const target = file === '' ? new URL(path, ROOT) : new URL(file, new URL(path, ROOT));
        expect(existsSync(target), link).to.equal(true);
        if (fragment !== undefined) {
          expect(fragments(readFileSync(target, 'utf8')), link).to.include(fragment);
        }
      }
    });
  }

  it('has an index of all pages, and a README that links to it', () => {
    const index = read('docs/README.md');
    for (const name of names.filter((each) => each !== 'README.md')) {
      expect(index, name).to.include(`](${name})`);
    }
    expect(read('README.md')).to.include('](docs/README.md)');
  });

  it('shows only requests for paths that freno serves', () => {
    const asked = pages.flatMap((path) =>
      [...read(path).matchAll(/curl [^\n`]*?(?::8087|\$F)(\/[^\s"'`;?]*)/g)].map(([, url]) => url!),
    );
    expect(asked.length).to.be.greaterThan(10);
    for (const path of asked) expect(matchRoute(path).kind, path).to.equal('found');
  });

  it('shows configuration that loads without a warning', async () => {
    const directory = new TemporaryDirectory();
    const configFile = join(directory.path, 'freno.conf.json');
    const secretFile = join(directory.path, 'raft.secret');
    writeFileSync(secretFile, 'a secret of at least 32 characters', { mode: 0o600 });
    const environment = new Proxy({}, { get: () => 'set' });
    const blocks = pages.flatMap((path) =>
      [...read(path).matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, block]) => block!),
    );
    const shown = blocks.filter((block) => block.startsWith('{\n'));
    expect(shown.length).to.be.greaterThan(7);
    for (const block of shown) {
      const overrides = block.includes('"BackendMySQLHost"') ? {} : { RaftDataDir: directory.path };
      // The files that these keys name do not exist here.
      const shownHere = block
        .replace(/ +"BackendMySQLTLS".*\n/, '')
        .replace('/etc/freno/raft.secret', secretFile);
      writeFileSync(configFile, shownHere);
      const { warnings } = await loadConfig({ configFile, overrides, environment });
      const unexpected = warnings.filter(
        (line) =>
          !line.includes('an address reserved for documentation') &&
          // A block without clusters shows other keys.
          !(line.includes('Clusters: empty') && !block.includes('"Clusters"')),
      );
      expect(unexpected, block).to.deep.equal([]);
    }
    directory.remove();
  });

  it('has rules for commands that HAProxy accepts in the shipped file', function () {
    needPrograms(this, 'haproxy');
    const [, rules] = /```haproxy\n( +acl operator[\s\S]*?)```/.exec(read('docs/deployment.md'))!;
    const shipped = read('resources/haproxy.cfg');
    const backend = '  default_backend freno_leader\n';
    expect(shipped).to.include(backend);
    const directory = new TemporaryDirectory();
    const file = join(directory.path, 'haproxy.cfg');
    writeFileSync(file, shipped.replace(backend, rules! + backend));
    const { status, stderr } = spawnSync(programPath('haproxy'), ['-c', '-f', file], {
      encoding: 'utf8',
    });
    directory.remove();
    expect(status, stderr).to.equal(0);
  });
});
