/**
 * Checks the manifests of resources/kubernetes against the published API of Kubernetes:
 * manifests.mjs WORK, where WORK/node_modules has the npm package kubernetes-types, which is made
 * from the OpenAPI document of Kubernetes. Each manifest becomes a literal of its type, and the
 * compiler finds fields that are unknown or missing, and values of another type.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';

const FOLDER = 'resources/kubernetes';
/** It is for kustomize, and no part of the API. */
const NO_MANIFEST = 'kustomization.yaml';
/** The compiler must find this one wrong, or it finds nothing. */
const CONTROL = `import type { Pod } from 'kubernetes-types/core/v1';
// @ts-expect-error
export const manifest: Pod = { apiVersion: 'v1', kind: 'Pod', spec: { conteiners: [] } };
`;

const [work] = process.argv.slice(2);
const names = readdirSync(FOLDER).filter((name) => /\.yaml$/.test(name) && name !== NO_MANIFEST);
const files = names.flatMap((name) =>
  loadAll(readFileSync(join(FOLDER, name), 'utf8')).map((manifest) => {
    const file = `${name}.${manifest.kind}.ts`;
    const text = JSON.stringify(manifest, null, 2);
    const type = `import type { ${manifest.kind} } from '${moduleOf(manifest.apiVersion)}';\n`;
    writeFileSync(join(work, file), `${type}export const manifest: ${manifest.kind} = ${text};\n`);
    return file;
  }),
);
if (files.length === 0) throw new Error(`no manifests in ${FOLDER}`);
writeFileSync(join(work, 'control.ts'), CONTROL);
const compilerOptions = { strict: true, noEmit: true, types: [], module: 'preserve' };
const project = { compilerOptions, files: [...files, 'control.ts'] };
writeFileSync(join(work, 'tsconfig.json'), JSON.stringify(project));
execFileSync('node_modules/.bin/tsc', ['-p', work], { stdio: 'inherit' });
console.log(files.length);

/** "apps/v1": apps/v1; "networking.k8s.io/v1": networking/v1; "v1": core/v1. */
function moduleOf(apiVersion) {
  const [version, group = 'core'] = apiVersion.split('/').reverse();
  return `kubernetes-types/${group.split('.')[0]}/${version}`;
}
