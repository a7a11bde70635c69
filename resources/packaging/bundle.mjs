/**
 * Joins the modules that a thread starts with: `node resources/packaging/bundle.mjs` at the top of
 * a tree that is compiled. Finding, reading and linking some hundred small files takes a quarter
 * of the processor's time between the start of a process and its first answer.
 *
 * The entry points stay where they are, and load what is joined from dist/bundle/. Its source maps
 * lead to the modules, which stay too. Of the dependencies only zod is joined: it is a hundred
 * files, and the others are loaded as their authors published them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { build } from 'esbuild';

const OUTPUT = resolve('dist/bundle');
const ENTRY_POINTS = {
  service: 'dist/src/main.js',
  http: 'dist/workers/http.js',
  probe: 'dist/workers/probe.js',
};

const ownModules = {
  name: 'own modules',
  setup(bundling) {
    bundling.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      path === 'zod' ? undefined : { path, external: true },
    );
    // A module finds files by its own place, which is another one in the bundle.
    bundling.onLoad({ filter: /\/dist\/(?:src|workers)\/.*\.js$/ }, ({ path }) => {
      const place = `new URL(${JSON.stringify(relative(OUTPUT, path))}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place) };
    });
  },
};

const entries = Object.entries(ENTRY_POINTS);
await build({
  entryPoints: entries.map(([out, file]) => ({ in: resolve(file), out })),
  outdir: OUTPUT,
  bundle: true,
  // What is imported only when it is used stays apart.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  // Names of files in the output must not depend on where node_modules really is.
  preserveSymlinks: true,
  plugins: [ownModules],
  logLevel: 'warning',
});
for (const [name, file] of entries) {
  const path = relative(resolve(file, '..'), resolve(OUTPUT, `${name}.js`));
  writeFileSync(resolve(file), `export * from '${path}';\n`);
}
