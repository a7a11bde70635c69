/** Certificates for tests, made by openssl. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export class CertificateAuthority {
  readonly #directory: string;
  readonly #own: Certificate;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#own = { certFile: join(directory, 'ca.pem'), keyFile: join(directory, 'ca.key') };
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(await mkdtemp(join(tmpdir(), 'freno-ca-')));
    const { certFile, keyFile } = authority.#own;
    await openssl(
      ...['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', keyFile, '-out', certFile],
    );
    return authority;
  }

  get caFile(): string {
    return this.#own.certFile;
  }

  /** A certificate for these names, each as `DNS:name` or `IP:address`. */
  issue(name: string, ...alternatives: string[]): Promise<Certificate> {
    return this.issueFor([-1, 2], name, ...alternatives);
  }

  /** One that is valid from and until so many days from now. */
  async issueFor(
    [fromDay, untilDay]: readonly [number, number],
    name: string,
    ...alternatives: string[]
  ): Promise<Certificate> {
    const file = (suffix: string): string => join(this.#directory, `${name}.${suffix}`);
    const [certFile, keyFile] = [file('pem'), file('key')];
    await writeFile(file('ext'), `subjectAltName=${alternatives.join(',')}\n`);
    await openssl(
      ...['req', ...KEY, '-subj', `/CN=${name}`],
      ...['-keyout', keyFile, '-out', file('csr')],
    );
    const database = file('index');
    await writeFile(database, '');
    await writeFile(file('cnf'), caConfiguration(database, this.#directory));
    await openssl(
      ...['ca', '-batch', '-notext', '-config', file('cnf'), '-in', file('csr')],
      ...['-cert', this.#own.certFile, '-keyfile', this.#own.keyFile],
      ...['-startdate', day(fromDay), '-enddate', day(untilDay), '-extfile', file('ext')],
      ...['-out', certFile],
    );
    return { certFile, keyFile };
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function openssl(...parameters: string[]): Promise<void> {
  await run('openssl', parameters);
}

/** For openssl-ca(1), which alone takes both dates. */
function caConfiguration(database: string, directory: string): string {
  return [
    ...['[ca]', 'default_ca = ours', '[ours]', `database = ${database}`],
    ...[`new_certs_dir = ${directory}`, 'rand_serial = yes', 'default_md = sha256', 'policy = any'],
    ...['[any]', 'commonName = supplied', ''],
  ].join('\n');
}

/** `YYYYMMDDHHMMSSZ`. */
function day(fromNow: number): string {
  const iso = new Date(Date.now() + fromNow * 86_400_000).toISOString();
  return `${iso.replace(/\D/g, '').slice(0, 14)}Z`;
}
