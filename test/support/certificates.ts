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
    return this.issueFor({ fromDay: 0, untilDay: 2 }, name, ...alternatives);
  }

  /** The same, valid from and until that many days from now: `openssl ca` knows dates. */
  async issueFor(
    { fromDay, untilDay }: { readonly fromDay: number; readonly untilDay: number },
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
    const files = ['-in', file('csr'), '-extfile', file('ext'), '-out', certFile];
    const { certFile: caFile, keyFile: caKey } = this.#own;
    if (fromDay === 0) {
      await openssl(
        ...['x509', '-req', '-CA', caFile, '-CAkey', caKey, '-CAcreateserial'],
        ...['-days', String(untilDay), ...files],
      );
    } else {
      await writeFile(file('index'), '');
      await writeFile(
        file('cnf'),
        '[ca]\ndefault_ca=a\n[a]\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n' +
          `database=${file('index')}\nnew_certs_dir=${this.#directory}\n[p]\ncommonName=supplied\n`,
      );
      await openssl(
        ...['ca', '-batch', '-config', file('cnf'), '-cert', caFile, '-keyfile', caKey],
        ...['-startdate', dateOf(fromDay), '-enddate', dateOf(untilDay), '-notext', ...files],
      );
    }
    return { certFile, keyFile };
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function openssl(...parameters: string[]): Promise<void> {
  await run('openssl', parameters);
}

/** As openssl reads it: YYYYMMDDHHMMSSZ. */
function dateOf(day: number): string {
  const date = new Date(Date.now() + day * 86_400_000);
  return `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
