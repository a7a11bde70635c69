/**
 * Makes the packages of one commit in dist/release/: `npm run package`.
 *
 * The sources come from git, not from the working tree, and every time in an archive is that of
 * the commit: two builds of one commit are the same, byte for byte. docs/releasing.md says more.
 *
 *   --commit NAME      package that commit (default: HEAD)
 *   --version VERSION  instead of the one in package.json
 *   --output DIRECTORY instead of dist/release
 *   --only KINDS       some of archive, deb, rpm, npm, client, python; with commas
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeArchive } from './archive.mjs';
import { writeBillOfMaterials } from './bill-of-materials.mjs';
import { writeDeb } from './deb.mjs';
import { writeClientPackage, writeServerPackage } from './npm.mjs';
import { writePythonPackages } from './python.mjs';
import { writeRpm } from './rpm.mjs';
import { compileSources, ROOT, run } from './sources.mjs';
import { layTree } from './tree.mjs';

const KINDS = {
  archive: writeArchive,
  deb: writeDeb,
  rpm: writeRpm,
  npm: writeServerPackage,
  client: writeClientPackage,
  python: writePythonPackages,
};

const { values } = parseArgs({
  options: {
    commit: { type: 'string', default: 'HEAD' },
    version: { type: 'string' },
    output: { type: 'string', default: join(ROOT, 'dist/release') },
    only: { type: 'string', default: Object.keys(KINDS).join(',') },
  },
});

const output = resolve(values.output);
const kinds = values.only.split(',');
const unknown = kinds.filter((kind) => !Object.hasOwn(KINDS, kind));
if (unknown.length > 0) throw new Error(`--only: unknown: ${unknown.join(', ')}`);

mkdirSync(join(ROOT, 'dist'), { recursive: true });
const workplace = mkdtempSync(join(ROOT, 'dist/packaging-'));
try {
  const release = { ...compileSources(workplace, values), output, workplace };
  // What an archive says of itself must not depend on who builds it, or when.
  process.env.SOURCE_DATE_EPOCH = String(release.epochSeconds);
  process.env.TZ = 'UTC';
  process.umask(0o022);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const tree = layTree(release);
  for (const kind of kinds) await KINDS[kind](release, tree);
  writeBillOfMaterials(release);
  writeSums();
} finally {
  rmSync(workplace, { recursive: true, force: true });
}

function writeSums() {
  const names = readdirSync(output).sort();
  const lines = names.map((name) => {
    const bytes = readFileSync(join(output, name));
    console.log(`${(bytes.length / 1e6).toFixed(1).padStart(6)} MB  ${name}`);
    return `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
  });
  writeFileSync(join(output, 'SHA256SUMS'), lines.join(''));
  run('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], output);
}
