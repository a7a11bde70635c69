/** Generates the static code of proto/raft.proto, when it is missing or older than its source. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = [join(root, 'proto/raft.proto'), fileURLToPath(import.meta.url)];
const generated = 'src/consensus/raft/generated';
const script = join(root, 'dist', generated, 'raft.js');
/**
 * The compiler looks for the types beside the sources, Node for the script beside the compiled
 * code.
 */
const types = join(root, generated, 'raft.d.ts');

if (oldest([script, types]) <= newest(sources)) generate();

function generate() {
  for (const file of [script, types]) mkdirSync(join(file, '..'), { recursive: true });
  run(
    'pbjs',
    ['-t', 'static-module', '-w', 'esm', '--force-number', '--null-semantics', '--dts'],
    ['--no-create', '--no-convert', '--no-delimited', '--no-typeurl', '--no-verify'],
    ['-o', script, sources[0]],
  );
  copyFileSync(script.replace(/\.js$/, '.d.ts'), types);
}

function run(command, ...args) {
  const binary = join(root, 'node_modules/.bin', command);
  const { status, error } = spawnSync(binary, args.flat(), { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${command} failed`);
}

function oldest(files) {
  return Math.min(...files.map((file) => modifiedMs(file)));
}

function newest(files) {
  return Math.max(...files.map((file) => modifiedMs(file)));
}

function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
