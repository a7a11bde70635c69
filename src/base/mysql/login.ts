/** The login of settings, with what it keeps between connections: certificates, passwords. */
import type { Login } from './connection.js';
import { PasswordFile } from './password-file.js';
import { TlsMaterial, type TlsSettings } from './tls.js';

export interface LoginSettings {
  readonly user: string;
  readonly password: string;
  /** A file that holds the password instead; empty: none. */
  readonly passwordFile: string;
  readonly collation: string;
  readonly tls: TlsSettings | null;
  /** Of the servers; empty: none. */
  readonly serverPublicKeyFile: string;
}

/** Connections to servers of one account share it. */
export function loginOf(settings: LoginSettings): Login {
  const { user, password, passwordFile, collation, tls, serverPublicKeyFile } = settings;
  return {
    user,
    password,
    passwordFile: passwordFile === '' ? null : new PasswordFile(passwordFile),
    collation,
    serverPublicKeyFile,
    tls: tls === null ? null : new TlsMaterial(tls),
  };
}
