/**
 * Prints the configuration of a container for runc (OCI Runtime Specification 1.0):
 * container.mjs IMAGE ROOT BUNDLE USER, where USER is a number, or "image" for the image's own.
 * container.mjs IMAGE --health PORT prints the image's health check, a word a line, for that port.
 */
import { readFileSync } from 'node:fs';

const [file, root, bundle, user] = process.argv.slice(2);
const image = JSON.parse(readFileSync(file, 'utf8')).Docker.config;

if (root === '--health') {
  const [, ...words] = image.Healthcheck.Test;
  for (const word of words) console.log(word.replace(':8087', `:${bundle}`));
} else {
  const [uid, gid = uid] = (user === 'image' ? image.User : user).split(':').map(Number);
  const bind = (source, destination, mode) => ({
    ...{ type: 'bind', source, destination, options: ['rbind', mode] },
  });
  const settings = {
    ociVersion: '1.0.0',
    process: {
      user: { uid, gid },
      args: [...image.Entrypoint, ...image.Cmd],
      env: image.Env,
      cwd: image.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: root, readonly: true },
    mounts: [
      { type: 'proc', source: 'proc', destination: '/proc' },
      { type: 'tmpfs', source: 'tmpfs', destination: '/dev', options: ['mode=755'] },
      { type: 'tmpfs', source: 'tmpfs', destination: '/tmp', options: ['mode=1777'] },
      bind(`${bundle}/configuration`, '/etc/freno', 'ro'),
      bind(`${bundle}/volume`, '/var/lib/freno', 'rw'),
    ],
    // The network is the machine's.
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
  console.log(JSON.stringify(settings));
}
