/**
 * The tree that the archive, the .deb and the .rpm have in common: freno, its modules, the runtime
 * that it was built with, and what an operator reads.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyModules, filesOf } from './modules.mjs';
import { run } from './sources.mjs';

/** Where the licence of Node.js is, from its program: in its own archive, and in its .deb. */
const RUNTIME_LICENCES = ['../LICENSE', '../share/doc/nodejs/LICENSE', '../share/doc/node/LICENSE'];

/** @returns the tree: its path, and the oldest glibc that its programs work with. */
export function layTree({ source, workplace }) {
  const path = join(workplace, 'tree');
  mkdirSync(join(path, 'bin'), { recursive: true });
  for (const name of ['docs', 'resources', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']) {
    if (existsSync(join(source, name))) cpSync(join(source, name), join(path, name), COPY);
  }
  for (const name of ['package.json', 'dist']) {
    cpSync(join(source, name), join(path, name), COPY);
  }
  copyModules(source, join(path, 'node_modules'), [process.versions.modules]);
  copyRuntime(join(path, 'runtime'));
  const launcher = new URL('freno.sh', import.meta.url);
  writeFileSync(join(path, 'bin/freno'), readFileSync(launcher));
  setModes(path);
  const programs = filesOf(path).filter((file) => file === 'runtime/node');
  const native = run('find', [path, '-name', '*.node']).trim().split('\n').sort();
  return { path, glibc: oldestGlibc([...programs.map((file) => join(path, file)), ...native]) };
}

const COPY = {
  recursive: true,
  // What makes the packages is of no use in one.
  filter: (path) => !/\/resources\/packaging$/.test(path),
};

function copyRuntime(directory) {
  mkdirSync(directory);
  cpSync(process.execPath, join(directory, 'node'), { dereference: true });
  // Its debugging symbols are a tenth of it.
  run('strip', ['--strip-unneeded', join(directory, 'node')]);
  const licence = RUNTIME_LICENCES.map((place) => join(process.execPath, '..', place)).find(
    existsSync,
  );
  if (licence === undefined) throw new Error(`no licence of Node.js near ${process.execPath}`);
  cpSync(licence, join(directory, 'LICENSE'), { dereference: true });
}

/** 0755 for directories and programs, 0644 for all else, whatever the umask of the checkout was. */
function setModes(path) {
  run('chmod', ['--recursive', 'u=rwX,go=rX', path]);
  run('find', [path, '-type', 'f', '-exec', 'chmod', '0644', '{}', '+']);
  for (const program of ['bin/freno', 'runtime/node']) chmodSync(join(path, program), 0o755);
}

function oldestGlibc(files) {
  const symbols = files.flatMap((file) => run('objdump', ['-T', file]).match(/GLIBC_[\d.]+/g));
  const versions = [...new Set(symbols)].map((name) => name.slice('GLIBC_'.length));
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}
