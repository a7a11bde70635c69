/** What a command loads before it runs: a script may call it ten times a second. */
import { posix } from 'node:path';
import { expect } from 'chai';
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

describe('the client', () => {
  const loaded = [...loadedWith('src/cli/main.ts')];

  it('loads the command line, and no handler before its command runs', () => {
    expect(loaded).to.include('src/cli/program/job-commands.ts');
    const handlers = loaded.filter((file) =>
      /^src\/cli\/(?:commands|views|check-config)\//.test(file),
    );
    expect(handlers).to.deep.equal([]);
  });

  it('loads no part of the service, and one package', () => {
    const foreign = loaded.filter((file) => !/^src\/(?:cli|client|base)\//.test(file));
    expect(foreign).to.deep.equal([]);
    const packages = loaded.flatMap(specifiersOf).filter((name) => !/^(?:\.|node:)/.test(name));
    expect(new Set(packages)).to.deep.equal(new Set(['commander']));
  });
});
