/** The modules that freno loads at run time, from package-lock.json, and the files of each. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { installed, run } from './sources.mjs';

/** Modules that only compile others, or only describe types (rxjs is a third of all files). */
const FOR_BUILDS =
  /^(?:node-gyp|node-addon-api|prebuild-install|tar|typed-emitter|rxjs|undici-types|@types\/.*)$/;

/** The two modules with native code: what is kept of them, besides their licences. */
const NATIVE = {
  sqlite3: /^(?:lib\/.*\.js|build\/Release\/node_sqlite3\.node)$/,
  'uWebSockets.js': /^(?:uws\.js|ESM_wrapper\.mjs|uws_.*\.node)$/,
};

/** What no program reads at run time: by directory, by ending, and all hidden files. */
const LEFT_OUT = [
  /(?:^|\/)(?:tests?|docs?|examples?|benchmarks?)\//,
  /\.(?:map|[cm]?ts|html|svg|tsbuildinfo)$/,
  /(?:^|\/)\./,
];
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

/**
 * @returns the entries of the lock as [place, entry], sorted by place; only those that are
 * installed on this system (optional ones are of one system each).
 */
export function productionModules(source) {
  const lock = JSON.parse(readFileSync(join(source, 'package-lock.json'), 'utf8')).packages;
  const found = new Set();
  const visit = (place) => {
    const { dependencies, optionalDependencies } = lock[place];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const target = resolvedPlace(lock, place, name);
      if (FOR_BUILDS.test(name) || target === undefined || found.has(target)) continue;
      if (!existsSync(installed('..', target))) {
        if (lock[target].optional) continue;
        throw new Error(`${target} is not installed: run npm ci`);
      }
      found.add(target);
      visit(target);
    }
  };
  visit('');
  return [...found].sort().map((place) => [place, verified(place, lock[place])]);
}

/** As Node looks a module up: nearest first. */
function resolvedPlace(lock, from, name) {
  for (let base = from; ; base = base.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const place = join(base, 'node_modules', name);
    if (lock[place] !== undefined) return place;
    if (base === '') return undefined;
  }
}

function verified(place, entry) {
  const { version } = JSON.parse(readFileSync(installed('..', place, 'package.json'), 'utf8'));
  if (version !== entry.version) {
    throw new Error(`${place} is ${version}, not ${entry.version} of package-lock.json`);
  }
  return entry;
}

/** Copies the modules below `target`. `abis`: the versions of Node.js to have native code for. */
export function copyModules(source, target, abis) {
  const binaries = abis.map((abi) => `uws_linux_${process.arch}_${abi}.node`);
  for (const [place] of productionModules(source)) {
    const from = installed('..', place);
    const to = join(target, place.replace(/^node_modules\//, ''));
    const native = NATIVE[place.replace(/^node_modules\//, '')];
    for (const path of filesOf(from)) {
      const name = basename(path);
      const isText = LICENCE.test(name) || path === 'package.json';
      if (!isText && LEFT_OUT.some((one) => one.test(path))) continue;
      if (!isText && native !== undefined && !native.test(path)) continue;
      if (name.startsWith('uws_') && !binaries.includes(name)) continue;
      mkdirSync(dirname(join(to, path)), { recursive: true });
      cpSync(join(from, path), join(to, path));
      if (name.endsWith('.node')) run('strip', ['--strip-unneeded', join(to, path)]);
    }
  }
}

/** The files below a directory as sorted relative paths; nested node_modules are left out. */
export function filesOf(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((path) => !/(?:^|\/)node_modules\//.test(path))
    .sort();
}
