/** Passwords and the files that hold them, which stand beside each other in the configuration. */
import type { Findings } from './findings.js';
import type { Path } from './schema-walk.js';

/** One of the two is empty. */
export interface PasswordSettings {
  readonly password: string;
  /** Name of a file that holds it. */
  readonly passwordFile: string;
}

export interface PasswordKeys {
  readonly Password?: string | undefined;
  readonly PasswordFile?: string | undefined;
}

/** The keys with `prefix` before their names. */
export function prefixedPassword<Prefix extends string>(
  prefix: Prefix,
  keys: Readonly<Record<`${Prefix}Password` | `${Prefix}PasswordFile`, string>>,
): PasswordKeys {
  return { Password: keys[`${prefix}Password`], PasswordFile: keys[`${prefix}PasswordFile`] };
}

/** Whether one of the two is given. */
export function hasPassword({ Password = '', PasswordFile = '' }: PasswordKeys): boolean {
  return Password !== '' || PasswordFile !== '';
}

/** Those of the first object that sets one of the two; each inherits from the next. */
export function passwordOf(...objects: readonly PasswordKeys[]): PasswordSettings {
  const { Password = '', PasswordFile = '' } = objects.find(hasPassword) ?? {};
  return { password: PasswordFile === '' ? Password : '', passwordFile: PasswordFile };
}

/** The same as keys. */
export function passwordKeys(
  ...objects: readonly PasswordKeys[]
): Record<keyof PasswordKeys, string> {
  const { password, passwordFile } = passwordOf(...objects);
  return { Password: password, PasswordFile: passwordFile };
}

/** `prefix`: of the names of both keys at `path`. */
export function checkPassword(
  { Password = '', PasswordFile = '' }: PasswordKeys,
  path: Path,
  findings: Findings,
  prefix = '',
): void {
  if (Password === '' || PasswordFile === '') return;
  const [password, file] = [`${prefix}Password`, `${prefix}PasswordFile`];
  findings.problem([...path, file], `${password} is set too: set one of them`, [
    [...path, password],
  ]);
}
