/** The walls between the folders: who may import whom. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** What every part of the service may know. */
const COMMON = ['src/base/', 'src/throttle/', 'src/board/', 'src/contracts/', 'src/config/'];

/**
 * What each folder may know besides itself and packages; the first prefix that fits counts. Absent:
 * everything.
 */
const MAY_KNOW: ReadonlyArray<readonly [folder: string, known: readonly string[]]> = [
  ['src/base/', []],
  ['src/throttle/', ['src/base/']],
  ['src/board/', ['src/base/', 'src/throttle/']],
  ['src/contracts/', ['src/base/', 'src/throttle/']],
  ['src/config/', ['src/base/', 'src/contracts/']],
  ['src/consensus/raft/core/', []],
  ['src/consensus/', COMMON],
  ['src/demo/', ['src/base/']],
  ['src/http/shared/', COMMON],
  ['src/http/main/', [...COMMON, 'src/http/shared/']],
  ['src/http/worker/', [...COMMON, 'src/http/shared/']],
  ['src/stores/main/', COMMON],
  ['src/stores/prober/', COMMON],
  ['src/publish/shared/', COMMON],
  ['src/publish/main/', [...COMMON, 'src/publish/shared/']],
  ['src/publish/prober/', COMMON],
];

interface Import {
  readonly from: string;
  readonly to: string;
}

describe('the walls', () => {
  const imports = sourceFiles('src').concat(sourceFiles('workers')).flatMap(importsOf);

  it('are looked at: there are imports between folders', () => {
    expect(imports.length).to.be.greaterThan(20);
  });

  it('hold: each folder imports only what it may know', () => {
    expect(imports.filter(breaksWall).map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([]);
  });

  it('hold between production and the rest: nothing in src or workers imports tests or benchmarks', () => {
    const outside = imports.filter(({ to }) => /^(test|bench)\//.test(to));
    expect(outside).to.deep.equal([]);
  });
});

function breaksWall({ from, to }: Import): boolean {
  const wall = MAY_KNOW.find(([folder]) => from.startsWith(folder));
  if (wall === undefined) return false;
  const [folder, known] = wall;
  return ![folder, ...known].some((allowed) => to.startsWith(allowed));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.c?ts$/.test(name))
    .map((name) => join(folder, name));
}

/** Relative imports of a file, as paths from the root; generated code is not looked into. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier]) => ({
    from: file,
    to: relative(ROOT, resolve(ROOT, dirname(file), specifier!)),
  }));
}
