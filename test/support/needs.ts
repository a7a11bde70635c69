/** What tests need of the machine: programs and local addresses. */
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { skipUnless } from './skip.js';

/** Programs, and the packages of Debian that contain them. */
const PACKAGES = {
  chromium: 'chromium',
  curl: 'curl',
  haproxy: 'haproxy',
  mariadb: 'mariadb-client',
  'mariadb-install-db': 'mariadb-server',
  mariadbd: 'mariadb-server',
  memcached: 'memcached',
  openssl: 'openssl',
  perl: 'perl',
  podchecker: 'perl',
  prometheus: 'prometheus',
  'mariadb-tzinfo-to-sql': 'mariadb-client',
  'pt-archiver': 'percona-toolkit',
  'pt-heartbeat': 'percona-toolkit',
  'pt-online-schema-change': 'percona-toolkit',
  python3: 'python3',
  ruby: 'ruby',
  script: 'bsdutils',
  'systemd-analyze': 'systemd',
} as const;

export type Program = keyof typeof PACKAGES;

/** Debian installs servers here, which is not on the path of every user. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

export function isInstalled(program: Program): boolean {
  return find(program) !== undefined;
}

/** Path of a program; throws when it is not installed. */
export function programPath(program: Program): string {
  const path = find(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return path;
}

/** For `before` hooks: skips the suite, with a warning, unless all programs are installed. */
export function needPrograms(suite: Context, ...programs: readonly Program[]): void {
  const missing = programs.filter((program) => !isInstalled(program));
  const packages = new Set(missing.map((program) => PACKAGES[program]));
  const reason = `needs ${missing.join(', ')} (Debian: ${[...packages].join(', ')})`;
  skipUnless(suite, missing.length === 0, reason);
}

/**
 * Skips, with a warning, where the machine does not have the address: some have no `::1`, or not
 * all of 127.0.0.0/8.
 */
export async function needAddress(context: Context, address: string): Promise<void> {
  skipUnless(context, await isOurs(address), `this machine does not have the address ${address}`);
}

function find(program: Program): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Binding a socket to a foreign address fails with EADDRNOTAVAIL, to one of an unknown family with
 * EAFNOSUPPORT.
 */
function isOurs(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(false);
      else reject(error);
    });
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
