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
}

/** Connections to servers of one account share it. */
export function loginOf({ user, password, passwordFile, collation, tls }: LoginSettings): Login {
  return {
    user,
    password,
    passwordFile: passwordFile === '' ? null : new PasswordFile(passwordFile),
    collation,
    tls: tls === null ? null : new TlsMaterial(tls),
  };
}
