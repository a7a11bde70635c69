/** The lock file vouches for every module, and the documentation names those with native code. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

interface LockedModule {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, LockedModule>>;
};
const modules = Object.entries(packages).filter(([place]) => place !== '');
const production = modules.filter(([, { dev }]) => dev !== true);

/** `node_modules/a/node_modules/@b/c`: `@b/c`. */
function lastName(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** The modules that have a file of native code, without the system in their names. */
function nativeModules(): string[] {
  const folder = fileURLToPath(new URL('node_modules', ROOT));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((path) => path.endsWith('.node'))
    .map((path) => path.split(sep))
    .map(([first = '', second = '']) => (first.startsWith('@') ? `${first}/${second}` : first))
    .filter((name) => production.some(([place]) => place === `node_modules/${name}`));
  return [...new Set(names.map((name) => name.replace(/-(?:linux|darwin|win32)-.*$/, '')))].sort();
}

describe('the supply chain', () => {
  it('has a SHA-512 of every module in the lock file', () => {
    const without = modules.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));
    expect(without.map(([place]) => place)).to.deep.equal([]);
  });

  it('is documented for every module with native code, and for each that runs a script', () => {
    const documented = [...read('docs/releasing.md').matchAll(/^\| `([^`]+)` \(/gm)];
    const names = documented.map(([, name]) => name!);
    expect(nativeModules()).to.have.members(names);
    const scripts = production.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripts.map(([place]) => place)).to.deep.equal(['node_modules/sqlite3']);
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: object };
    expect(allowScripts).to.have.property('sqlite3', true);
  });

  it('has a bill of materials, by npm, of all modules', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { sbom: string } };
    const [program = '', ...flags] = scripts.sbom.split(' ');
    const text = execFileSync(program, flags, { cwd: fileURLToPath(ROOT), encoding: 'utf8' });
    const { bomFormat, components } = JSON.parse(text) as {
      readonly bomFormat: string;
      readonly components: ReadonlyArray<{
        readonly name: string;
        readonly version: string;
        readonly hashes: readonly unknown[];
      }>;
    };
    expect(bomFormat).to.equal('CycloneDX');
    const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
    const places = modules.map(([place, { version }]) => `${lastName(place)}@${version}`);
    expect(places.filter((each) => !listed.has(each))).to.deep.equal([]);
    for (const { hashes } of components) expect(hashes).to.have.length(1);
  });
});
