/**
 * The files that a configuration names: certificates, keys, passwords and secrets. Each is checked
 * before the configuration is applied: a wrong file stops a start or a reload and not the first
 * connection. Later, each new connection reads them again: a renewed certificate or password needs
 * no reload.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { passwordIn } from '../base/mysql/password-file.js';
import { exposure, isExposed } from './exposed-files.js';
import { readFailure } from './file-errors.js';
import { namedMetrics } from './named-metrics.js';
import { secretsProblem } from './raft-secret.js';
import type { FrenoConfig } from './schema.js';
import type { HostSourcesConfig, TlsConfig } from './schema-hosts.js';
import type { ListenTlsConfig } from './schema-listen.js';
import type { MetricConfig } from './schema-metrics.js';
import { type Path, pathText } from './schema-walk.js';
import { inheritedTls, tlsSettings } from './tls.js';

type FileKey = 'CAFile' | 'CertFile' | 'KeyFile';

/** A `TLS` object at its place. */
interface PlacedTls {
  readonly tls: TlsConfig | undefined;
  readonly path: Path;
}

/** A file, with the path of the key that names it. */
interface NamedFile {
  readonly path: string;
  readonly name: string;
}

/** What is wrong with the files: one line each, which begins with the path of a key. */
export interface FileFindings {
  /** The file cannot be used. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads each file once. `config` is valid otherwise. */
export async function checkFiles(config: FrenoConfig): Promise<FileFindings> {
  const files = new FileCheck();
  const { MySQL } = config.Stores;
  const mysqlPath: Path = ['Stores', 'MySQL'];
  await files.checkPublicKey(MySQL.ServerPublicKeyFile, [...mysqlPath, 'ServerPublicKeyFile']);
  await files.checkPassword(MySQL.PasswordFile, [...mysqlPath, 'PasswordFile']);
  await files.checkPassword(MySQL.ProxySQLPasswordFile, [...mysqlPath, 'ProxySQLPasswordFile']);
  const common: PlacedTls = { tls: MySQL.TLS, path: [...mysqlPath, 'TLS'] };
  const commonCheck: PlacedTls = {
    tls: MySQL.HttpCheckTLS,
    path: [...mysqlPath, 'HttpCheckTLS'],
  };
  for (const [name, cluster] of Object.entries(MySQL.Clusters)) {
    const path: Path = [...mysqlPath, 'Clusters', name];
    const own: PlacedTls = { tls: cluster.TLS, path: [...path, 'TLS'] };
    await files.check(own, common);
    const check: PlacedTls = { tls: cluster.HttpCheckTLS, path: [...path, 'HttpCheckTLS'] };
    await files.check(check, commonCheck);
    await files.checkPublicKey(cluster.ServerPublicKeyFile, [...path, 'ServerPublicKeyFile']);
    await files.checkPassword(cluster.PasswordFile, [...path, 'PasswordFile']);
    await files.checkSources(cluster, path);
    const proxysql: Path = ['ProxySQLSettings', 'PasswordFile'];
    await files.checkPassword(cluster.ProxySQLSettings.PasswordFile, [...path, ...proxysql]);
    for (const [metric, { keys }] of namedMetrics(MySQL, cluster)) {
      const homeOf = (key: keyof MetricConfig): Path => [
        ...(cluster.Metrics[metric]?.[key] === undefined ? mysqlPath : path),
        ...['Metrics', metric, key],
      ];
      await files.checkPassword(keys.PasswordFile, homeOf('PasswordFile'));
      const ofHosts = keys.Hosts?.ProxySQLSettings.PasswordFile;
      await files.checkPassword(ofHosts, [...homeOf('Hosts'), ...proxysql]);
      if (keys.Hosts !== undefined) await files.checkSources(keys.Hosts, homeOf('Hosts'));
      await files.checkAuthorities(keys.Prometheus?.CAFile, [...homeOf('Prometheus'), 'CAFile']);
      if (keys.TLS !== undefined) {
        await files.check({ tls: keys.TLS, path: homeOf('TLS') }, own, common);
      }
      if (keys.HttpCheckTLS === undefined) continue;
      const ofMetric = { tls: keys.HttpCheckTLS, path: homeOf('HttpCheckTLS') };
      await files.check(ofMetric, check, commonCheck);
    }
  }
  await files.check({ tls: config.MemcacheTLS, path: ['MemcacheTLS'] });
  if (config.ListenTLS !== undefined) await files.checkListening(config.ListenTLS);
  if (config.BackendMySQLHost !== '') {
    await files.check({ tls: config.BackendMySQLTLS, path: ['BackendMySQLTLS'] });
    const key = 'BackendMySQLServerPublicKeyFile';
    await files.checkPublicKey(config[key], [key]);
    await files.checkPassword(config.BackendMySQLPasswordFile, ['BackendMySQLPasswordFile']);
    await files.checkAuthorities(config.ShareDomainTLS?.CAFile, ['ShareDomainTLS', 'CAFile']);
  } else {
    if (config.RaftSecretFile !== '') {
      await files.checkSecrets({ path: 'RaftSecretFile', name: config.RaftSecretFile });
    }
    if (config.RaftTLS !== undefined) {
      const { CAFile, CertFile, KeyFile } = config.RaftTLS;
      const tls = { CAFile, CertFile, KeyFile, ServerName: '' };
      await files.check({ tls, path: ['RaftTLS'] });
    }
  }
  return { problems: [...files.problems], warnings: [...files.warnings] };
}

class FileCheck {
  /** A set: a problem of a file that several clusters inherit is reported once. */
  readonly problems = new Set<string>();
  readonly warnings = new Set<string>();
  /** The files checked so far: most clusters use the same ones. */
  readonly #checked = new Set<string>();

  /** Checks the files of the settings of the first object, each of which inherits the next. */
  async check(...objects: readonly [PlacedTls, ...PlacedTls[]]): Promise<void> {
    const settings = tlsSettings(
      objects.map(({ tls }) => tls).reduceRight((inherited, own) => inheritedTls(own, inherited)),
    );
    if (settings === null) return;
    const named = (key: FileKey, name: string): NamedFile => {
      const owner = objects.find(({ tls }) => tls !== undefined && tls[key] !== '') ?? objects[0];
      return { path: pathText([...owner.path, key]), name };
    };
    const authorities = named('CAFile', settings.caFile);
    const certificate = named('CertFile', settings.certFile);
    const key = named('KeyFile', settings.keyFile);
    const files = JSON.stringify([authorities, certificate, key]);
    if (this.#checked.has(files)) return;
    this.#checked.add(files);
    await this.#checkAuthorities(authorities);
    await this.#checkPair(certificate, key);
  }

  /** Of a file of authorities; none if its name is empty. */
  async checkAuthorities(name = '', path: Path): Promise<void> {
    await this.#checkAuthorities({ path: pathText(path), name });
  }

  /** Of the sources of hosts at `path` that are read over HTTPS. */
  async checkSources(sources: HostSourcesConfig, path: Path): Promise<void> {
    for (const key of ['HAProxySettings', 'VitessSettings'] as const) {
      await this.checkAuthorities(sources[key].CAFile, [...path, key, 'CAFile']);
    }
  }

  /** Of a file that holds the key of MySQL servers; none if its name is empty. */
  async checkPublicKey(name: string, path: Path): Promise<void> {
    const file = { path: pathText(path), name };
    const text = await this.#read(file);
    if (text === undefined || succeeds(() => createPublicKey(text))) return;
    this.#problem(file, 'contains no public key in PEM format');
  }

  /** Of a file that holds a password; none if its name is empty. */
  async checkPassword(name = '', path: Path): Promise<void> {
    const file = { path: pathText(path), name };
    const text = await this.#read(file);
    if (text === undefined) return;
    if (passwordIn(text) === '') this.#problem(file, 'is empty');
    if (await isExposed(name)) {
      this.warnings.add(`${file.path}: ${name} ${exposure('a password')}`);
    }
  }

  async checkSecrets(file: NamedFile): Promise<void> {
    const text = await this.#read(file);
    const problem = text === undefined ? null : secretsProblem(text);
    if (problem !== null) this.#problem(file, problem);
    else if (await isExposed(file.name)) {
      this.warnings.add(`${file.path}: ${file.name} ${exposure('a secret')}`);
    }
  }

  /** What is expired would be noticed by every client at once, so it is refused here. */
  async checkListening({ CertFile, KeyFile, ClientCAFile }: ListenTlsConfig): Promise<void> {
    const named = (key: string, name: string): NamedFile => ({ path: `ListenTLS.${key}`, name });
    const certificate = named('CertFile', CertFile);
    const authorities = named('ClientCAFile', ClientCAFile);
    await this.#checkPair(certificate, named('KeyFile', KeyFile));
    await this.#checkAuthorities(authorities);
    await this.#checkValidity(certificate);
    await this.#checkValidity(authorities);
  }

  async #checkValidity(file: NamedFile): Promise<void> {
    if (file.name === '') return;
    // A file that cannot be read is reported already.
    const text = await readFile(file.name, 'utf8').catch(() => '');
    if (!isCertificate(text)) return;
    const { validFrom, validTo } = new X509Certificate(text);
    if (Date.parse(validTo) < Date.now()) this.#problem(file, `has expired on ${validTo}`);
    if (Date.parse(validFrom) > Date.now()) {
      this.#problem(file, `is not valid before ${validFrom}`);
    }
  }

  async #checkAuthorities(file: NamedFile): Promise<void> {
    const text = await this.#read(file);
    if (text !== undefined && !isCertificate(text)) this.#problem(file, NO_CERTIFICATE);
  }

  async #checkPair(certificate: NamedFile, key: NamedFile): Promise<void> {
    const [cert, privateKey] = [await this.#read(certificate), await this.#read(key)];
    if (privateKey !== undefined && (await isExposed(key.name))) {
      this.warnings.add(`${key.path}: ${key.name} ${exposure('a private key')}`);
    }
    if (cert !== undefined && !isCertificate(cert)) this.#problem(certificate, NO_CERTIFICATE);
    else if (privateKey !== undefined && !isKey(privateKey)) this.#problem(key, NO_KEY);
    else if (cert !== undefined && privateKey !== undefined && !isPair(cert, privateKey)) {
      this.#problem(key, 'does not match the certificate in CertFile');
    }
  }

  /** Undefined: none is named, or it cannot be read. */
  async #read(file: NamedFile): Promise<string | undefined> {
    if (file.name === '') return undefined;
    try {
      return await readFile(file.name, 'utf8');
    } catch (error) {
      this.#problem(file, `cannot be read: ${readFailure(error)}`);
      return undefined;
    }
  }

  #problem({ path, name }: NamedFile, what: string): void {
    this.problems.add(`${path}: ${name} ${what}`);
  }
}

const NO_CERTIFICATE = 'contains no certificate in PEM format';
const NO_KEY = 'contains no private key in PEM format without a passphrase';

function isCertificate(text: string): boolean {
  return succeeds(() => new X509Certificate(text));
}

function isKey(key: string): boolean {
  return succeeds(() => createSecureContext({ key }));
}

function isPair(cert: string, key: string): boolean {
  return succeeds(() => createSecureContext({ cert, key }));
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
