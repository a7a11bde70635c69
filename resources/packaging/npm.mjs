/**
 * The packages for npm: the server, and the client by itself.
 *
 * Neither has dependencies, so that npm fetches, compiles and resolves nothing. An npm package
 * cannot say that a module of a module comes from elsewhere (`overrides` count in the project
 * alone), and one module of the HTTP server would come by git. The server's modules are therefore
 * in dist/node_modules, where Node.js looks for them before it looks beside the package.
 */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packArchive } from './archive.mjs';
import { copyModules } from './modules.mjs';
import { run, writeJson } from './sources.mjs';

/** The native interfaces of Node.js 20, 22, 24 and 25. */
const ABIS = ['115', '127', '137', '141'];

export function writeServerPackage(release) {
  const { source, version, manifest } = release;
  const root = packageRoot(release, 'npm-server');
  const parts = ['dist/src', 'dist/workers', 'dist/bundle', 'dist/build.json', 'docs', 'proto'];
  for (const name of parts) {
    if (existsSync(join(source, name))) cpSync(join(source, name), join(root, name), DEEP);
  }
  cpSync(join(source, 'resources'), join(root, 'resources'), DEEP);
  for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']) {
    if (existsSync(join(source, name))) cpSync(join(source, name), join(root, name));
  }
  copyModules(source, join(root, 'dist/node_modules'), ABIS);
  const { name, description, license, type, engines, bin, exports } = manifest;
  writeJson(join(root, 'package.json'), {
    ...{ name, version, description, license, type, engines, bin, exports },
    // The native modules are for these.
    os: ['linux'],
    cpu: [process.arch],
    libc: ['glibc'],
  });
  pack(release, 'npm-server', `freno-${version}.tgz`);
}

export function writeClientPackage(release) {
  const { source, version, manifest } = release;
  if (!existsSync(join(source, 'dist/src/client'))) return;
  const root = packageRoot(release, 'npm-client');
  copyWithImports(join(source, 'dist/src'), 'client/index.js', root);
  cpSync(join(source, 'LICENSE'), join(root, 'LICENSE'));
  cpSync(new URL('client/README.md', import.meta.url), join(root, 'README.md'));
  writeJson(join(root, 'package.json'), {
    name: 'freno-client',
    version,
    description: 'Client of freno, the cooperative throttler for MySQL writers',
    license: manifest.license,
    type: 'module',
    engines: { node: '>=18' },
    exports: { '.': { types: './client/index.d.ts', default: './client/index.js' } },
  });
  pack(release, 'npm-client', `freno-client-${version}.tgz`);
}

/** A compiled file, its declarations, and all that it imports, each at its place below `root`. */
function copyWithImports(compiled, path, root) {
  const target = join(root, path);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(compiled, path), target);
  const types = path.replace(/\.js$/, '.d.ts');
  if (existsSync(join(compiled, types))) cpSync(join(compiled, types), join(root, types));
  const text = readFileSync(target, 'utf8');
  for (const [, name] of text.matchAll(/^(?:import|export)[^'"]*['"](\.[^'"]+)['"]/gm)) {
    copyWithImports(compiled, join(dirname(path), name), root);
  }
}

const DEEP = { recursive: true, filter: (path) => !/\/resources\/packaging$/.test(path) };

/** npm wants all files of a package in a directory of this name. */
function packageRoot({ workplace }, name) {
  const root = join(workplace, name, 'package');
  mkdirSync(root, { recursive: true });
  return root;
}

function pack(release, directory, file) {
  const root = join(release.workplace, directory);
  // Whatever the umask of the checkout was.
  run('chmod', ['--recursive', 'u=rwX,go=rX', root]);
  run('find', [root, '-type', 'f', '-exec', 'chmod', '0644', '{}', '+']);
  const launcher = join(root, 'package/dist/src/freno.cjs');
  if (existsSync(launcher)) run('chmod', ['0755', launcher]);
  packArchive(release, root, 'package', join(release.output, file));
}
