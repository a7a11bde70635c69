/** The archive that unpacks anywhere, and the way all archives are written. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './sources.mjs';

export function writeArchive(release, tree) {
  const name = `freno-${release.version}-linux-${process.arch}`;
  cpSync(tree.path, join(release.workplace, name), { recursive: true });
  packArchive(release, release.workplace, name, join(release.output, `${name}.tar.gz`));
}

/** `name` of `directory` as a .tar.gz that depends on nothing but the names and contents. */
export function packArchive({ epochSeconds }, directory, name, file) {
  const tar = 'tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner';
  const script = `set -e; ${tar} --mtime="@$1" -C "$2" -cf - "$3" | gzip -n -6 > "$4"`;
  const values = [String(epochSeconds), directory, name, file];
  run('bash', ['-o', 'pipefail', '-c', script, 'bash', ...values]);
}
