/** Certificates for TLS tests: an authority, and a server's certificate for db.example and 127.0.0.1. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '../../../src/demo/temporary.js';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Certificates {
  #directory: TemporaryDirectory | undefined;

  get ca(): string {
    return this.#at('ca.pem');
  }

  get serverFlags(): string[] {
    return [`--ssl-cert=${this.#at('cert.pem')}`, `--ssl-key=${this.#at('key.pem')}`];
  }

  create(): void {
    this.#directory = new TemporaryDirectory();
    const authority = ['-keyout', this.#at('ca.key'), '-out', this.ca, '-subj', '/CN=ca'];
    openssl('req', '-x509', ...NEW_KEY, ...authority);
    const request = [
      '-keyout',
      this.#at('key.pem'),
      '-out',
      this.#at('csr.pem'),
      '-subj',
      '/CN=db',
    ];
    openssl('req', ...NEW_KEY, ...request);
    writeFileSync(this.#at('names'), 'subjectAltName = DNS:db.example, IP:127.0.0.1\n');
    openssl(
      ...['x509', '-req', '-in', this.#at('csr.pem'), '-CA', this.ca, '-CAkey', this.#at('ca.key')],
      ...['-CAcreateserial', '-extfile', this.#at('names'), '-out', this.#at('cert.pem')],
    );
  }

  remove(): void {
    this.#directory?.remove();
  }

  #at(name: string): string {
    return join(this.#directory!.path, name);
  }
}

function openssl(...options: string[]): void {
  execFileSync('openssl', options, { stdio: 'ignore' });
}
