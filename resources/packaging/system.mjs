/** The root of a system package: the tree in /usr/lib/freno, and what belongs around it. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { manualPage } from './manual.mjs';
import { run } from './sources.mjs';

/** As `dpkg --print-architecture` and `rpm --eval %_arch` say it. */
export const ARCHITECTURES = {
  x64: { deb: 'amd64', rpm: 'x86_64' },
  arm64: { deb: 'arm64', rpm: 'aarch64' },
};

/** A version that sorts before its release in both: 1.0.0-rc.1 is 1.0.0~rc.1. */
export function systemVersion(version) {
  return version.replace('-', '~');
}

/** `zsh`: where the distribution has completions of packages. */
export async function fillRoot(root, release, tree, zsh) {
  put(root, 'usr/lib/systemd/system/freno.service', unit(release.source));
  put(root, 'etc/freno.conf.json', readFileSync(new URL('freno.conf.json', import.meta.url)));
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  cpSync(tree.path, join(root, 'usr/lib/freno'), { recursive: true });
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/freno/bin/freno', join(root, 'usr/bin/freno'));
  const manual = await manualPage(release);
  put(root, 'usr/share/man/man1/freno.1.gz', gzipSync(manual, { level: 9 }));
  if (!existsSync(join(tree.path, 'dist/src/cli/completion'))) return;
  const completion = (shell) => run(join(tree.path, 'bin/freno'), ['completion', shell]);
  put(root, 'usr/share/bash-completion/completions/freno', completion('bash'));
  put(root, `${zsh}/_freno`, completion('zsh'));
  put(root, 'usr/share/fish/vendor_completions.d/freno.fish', completion('fish'));
}

export function put(root, path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** The unit of resources/, with the places of a package. */
function unit(source) {
  const text = readFileSync(join(source, 'resources/freno.service'), 'utf8');
  const [, settings] = text.split(/^(?=\[Unit\])/m);
  return settings
    .replace('/opt/freno/docs/', '/usr/share/doc/freno/docs/')
    .replace('/usr/bin/node /opt/freno/', '/usr/lib/freno/runtime/node /usr/lib/freno/');
}
