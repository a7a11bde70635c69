/**
 * The previous release as a program: built once, from the history of the repository, and kept for
 * the next run beside the build of this release, whose packages it uses.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'mocha';
import { skipUnless } from './skip.js';

/** A commit of this repository; each release puts the one before here. */
const PREVIOUS_RELEASE = '55a5838';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(ROOT, 'dist/previous-release', PREVIOUS_RELEASE);

/** For `before` hooks: skips the suite, with a warning, where the history is missing. */
export function needPreviousRelease(suite: Context): void {
  const commit = `${PREVIOUS_RELEASE}^{commit}`;
  const { status } = spawnSync('git', ['cat-file', '-e', commit], { cwd: ROOT, stdio: 'ignore' });
  skipUnless(suite, status === 0, `needs the history of the repository, with ${PREVIOUS_RELEASE}`);
}

/** The launcher of the previous release. Builds it the first time: that takes some seconds. */
export function previousRelease(): string {
  const launcher = join(BUILT, 'dist/src/freno.cjs');
  if (existsSync(launcher)) return launcher;
  mkdirSync(dirname(BUILT), { recursive: true });
  // Beside its place, so that it is there only when it is whole.
  const directory = mkdtempSync(`${BUILT}-`);
  try {
    build(directory);
    // Another run of the tests may have been faster.
    if (!existsSync(launcher)) {
      rmSync(BUILT, { recursive: true, force: true });
      renameSync(directory, BUILT);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return launcher;
}

function build(directory: string): void {
  const archive = join(directory, 'source.tar');
  run('git', ['archive', '--output', archive, PREVIOUS_RELEASE], ROOT);
  run('tar', ['--extract', '--file', archive], directory);
  rmSync(archive);
  const config = join(directory, 'tsconfig.service.json');
  const service = { extends: './tsconfig.json', include: ['src', 'workers'] };
  writeFileSync(config, JSON.stringify(service));
  symlinkSync(relative(directory, join(ROOT, 'node_modules')), join(directory, 'node_modules'));
  run(process.execPath, ['proto/generate.mjs'], directory);
  run('node_modules/.bin/tsc', ['-p', config], directory);
}

function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
