/** The sources of a commit, compiled apart from the working tree. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program to its end and returns its standard output; a failure is thrown. */
export function run(program, args, cwd = ROOT) {
  const options = { cwd, encoding: 'utf8', maxBuffer: 64 << 20 };
  return execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** A path of node_modules of the checkout, whose modules are those of package-lock.json. */
export function installed(...path) {
  return join(ROOT, 'node_modules', ...path);
}

/** @returns version, commit, its time, and `source`: the directory with `dist/` in it. */
export function compileSources(workplace, { commit: name, version: given }) {
  const commit = run('git', ['rev-parse', '--verify', `${name}^{commit}`]).trim();
  const epochSeconds = Number(run('git', ['show', '-s', '--format=%ct', commit]).trim());
  if (name === 'HEAD' && run('git', ['status', '--porcelain']) !== '') {
    console.error('warning: changes that are not committed are not packaged');
  }
  const source = join(workplace, 'source');
  mkdirSync(source);
  run('git', ['archive', '--output', join(workplace, 'source.tar'), commit]);
  run('tar', ['--extract', '--file', join(workplace, 'source.tar')], source);
  rmSync(join(workplace, 'source.tar'));
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const version = given ?? manifest.version;
  compile(source);
  // src/base/version.ts reads both.
  writeJson(join(source, 'package.json'), { ...manifest, version });
  writeJson(join(source, 'dist/build.json'), { commit });
  return { version, commit, epochSeconds, source, manifest };
}

function compile(source) {
  symlinkSync(installed(), join(source, 'node_modules'));
  const config = join(source, 'tsconfig.package.json');
  writeJson(config, {
    extends: './tsconfig.json',
    compilerOptions: { sourceMap: false, incremental: false, tsBuildInfoFile: null },
    include: ['src', 'workers'],
  });
  run(process.execPath, ['proto/generate.mjs'], source);
  run('node_modules/.bin/tsc', ['-p', config], source);
  // The client has declarations, and the page is for browsers: configurations of their own.
  for (const part of ['client', 'web']) {
    const own = join(source, `tsconfig.${part}.json`);
    if (!existsSync(own)) continue;
    run('node_modules/.bin/tsc', ['-p', own, '--incremental', 'false'], source);
    rmSync(join(source, `dist/.${part}.tsbuildinfo`), { force: true });
  }
  // Earlier commits are not joined.
  const bundle = 'resources/packaging/bundle.mjs';
  if (existsSync(join(source, bundle))) run(process.execPath, [bundle], source);
}

export function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** A template of this folder with its `@NAMES@` filled in. */
export function template(name, values) {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text.replace(/@(\w+)@/g, (_, key) => {
    if (values[key] === undefined) throw new Error(`${name}: no value of ${key}`);
    return values[key];
  });
}
