/** The package for Debian, Ubuntu and what derives from them. */
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run, template } from './sources.mjs';
import { ARCHITECTURES, fillRoot, put, systemVersion } from './system.mjs';

export async function writeDeb(release, tree) {
  const root = join(release.workplace, 'deb');
  await fillRoot(root, release, tree, 'usr/share/zsh/vendor-completions');
  const lib = join(root, 'usr/lib/freno');
  const documents = join(root, 'usr/share/doc/freno');
  mkdirSync(documents, { recursive: true });
  renameSync(join(lib, 'docs'), join(documents, 'docs'));
  symlinkSync('../../share/doc/freno/docs', join(lib, 'docs'));
  const version = systemVersion(release.version);
  const architecture = ARCHITECTURES[process.arch].deb;
  const date = run('date', ['--utc', '-R', `--date=@${release.epochSeconds}`]).trim();
  const size = run('du', ['--summarize', '--apparent-size', '--block-size=1024', root]);
  const values = { version, architecture, date, glibc: tree.glibc, size: size.split('\t')[0] };
  put(root, 'usr/share/doc/freno/copyright', template('debian/copyright', values));
  const changes = template('debian/changelog', values);
  put(root, 'usr/share/doc/freno/changelog.gz', gzipSync(changes, { level: 9 }));
  put(root, 'usr/share/lintian/overrides/freno', template('debian/lintian-overrides', values));
  mkdirSync(join(root, 'DEBIAN'));
  writeFileSync(join(root, 'DEBIAN/control'), template('debian/control', values));
  writeFileSync(join(root, 'DEBIAN/conffiles'), '/etc/freno.conf.json\n');
  const list = run('bash', ['-c', 'find usr -type f -print0 | sort -z | xargs -0 md5sum'], root);
  writeFileSync(join(root, 'DEBIAN/md5sums'), list);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    writeFileSync(join(root, 'DEBIAN', script), template(`debian/${script}`, values));
    chmodSync(join(root, 'DEBIAN', script), 0o755);
  }
  const file = join(release.output, `freno_${version}_${architecture}.deb`);
  // xz would be smaller and unpack in several seconds; lintian refuses zstd.
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', root, file]);
}
