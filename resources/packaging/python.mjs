/** The Python client as wheel and source package, made by the backend that the latter ships. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, template } from './sources.mjs';

const CLIENT = 'resources/clients/python/freno_client.py';

export function writePythonPackages({ source, workplace, output, version }) {
  if (!existsSync(join(source, CLIENT))) return;
  const root = join(workplace, 'python');
  mkdirSync(root);
  cpSync(join(source, CLIENT), join(root, 'freno_client.py'));
  cpSync(join(source, 'LICENSE'), join(root, 'LICENSE'));
  cpSync(new URL('python/build_backend.py', import.meta.url), join(root, 'build_backend.py'));
  // As PEP 440 has it: 1.0.0-rc.1 is 1.0.0rc1.
  const values = { version: version.replace(/-(\w+)\.(\d+)$/, '$1$2') };
  writeFileSync(join(root, 'pyproject.toml'), template('python/pyproject.toml', values));
  writeFileSync(join(root, 'PKG-INFO'), template('python/PKG-INFO', values));
  const both = '[make(sys.argv[1]) for make in (b.build_wheel, b.build_sdist)]';
  const build = `import sys, build_backend as b; ${both}`;
  run('python3', ['-B', '-c', build, output], root);
}
