/** The package for Fedora, Red Hat Enterprise Linux, SUSE and what derives from them. */
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { productionModules } from './modules.mjs';
import { run, template } from './sources.mjs';
import { ARCHITECTURES, fillRoot, systemVersion } from './system.mjs';

export async function writeRpm(release, tree) {
  const top = join(release.workplace, 'rpm');
  const root = join(top, 'root');
  await fillRoot(root, release, tree, 'usr/share/zsh/site-functions');
  mkdirSync(join(root, 'usr/share/doc/freno'), { recursive: true });
  renameSync(join(root, 'usr/lib/freno/docs'), join(root, 'usr/share/doc/freno/docs'));
  symlinkSync('../../share/doc/freno/docs', join(root, 'usr/lib/freno/docs'));
  const version = systemVersion(release.version);
  const spec = join(top, 'freno.spec');
  const license = licenses(release.source);
  writeFileSync(spec, template('rpm/freno.spec', { version, root, glibc: tree.glibc, license }));
  const { rpm } = ARCHITECTURES[process.arch];
  run('rpmbuild', ['-bb', '--quiet', '--target', `${rpm}-linux`, '-D', `_topdir ${top}`, spec]);
  const [name] = readdirSync(join(top, 'RPMS', rpm));
  renameSync(join(top, 'RPMS', rpm, name), join(release.output, name));
}

/** Of freno, its runtime and its modules, as SPDX writes it. Two old modules say MIT elsewhere. */
function licenses(source) {
  const ofModules = productionModules(source).map(([, entry]) => entry.license ?? 'MIT');
  return [...new Set(['MIT', ...ofModules])].sort().join(' AND ');
}
