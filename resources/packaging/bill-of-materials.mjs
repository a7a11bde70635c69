/** What is in the packages of the server: a bill of materials in CycloneDX 1.5. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { productionModules } from './modules.mjs';
import { writeJson } from './sources.mjs';

export function writeBillOfMaterials(release) {
  const { version, commit, epochSeconds, output, source } = release;
  const components = productionModules(source).map(([place, entry]) => component(place, entry));
  writeJson(join(output, `freno-${version}.cdx.json`), {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(`${version} ${commit}`)}`,
    version: 1,
    metadata: {
      timestamp: new Date(epochSeconds * 1000).toISOString(),
      component: {
        ...{ type: 'application', 'bom-ref': 'freno', name: 'freno', version },
        properties: [{ name: 'freno:commit', value: commit }],
      },
    },
    components: [...components, runtime()],
    dependencies: [{ ref: 'freno', dependsOn: [...components, runtime()].map(reference) }],
  });
}

function component(place, { name: alias, version, license, integrity }) {
  const name = alias ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [, sha512] = /^sha512-(.*)$/.exec(integrity ?? '') ?? [];
  const content = sha512 && Buffer.from(sha512, 'base64').toString('hex');
  return {
    ...{ type: 'library', 'bom-ref': place, name, version, purl },
    ...(license && { licenses: [{ expression: license }] }),
    ...(content && { hashes: [{ alg: 'SHA-512', content }] }),
  };
}

function runtime() {
  const version = process.versions.node;
  const purl = `pkg:generic/node@${version}`;
  return { type: 'platform', 'bom-ref': 'node', name: 'node', version, purl };
}

function reference(part) {
  return part['bom-ref'];
}

/** The same for the same text. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...groups, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
