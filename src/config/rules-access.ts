/** Rules between the keys of `Access`. */
import type { Findings } from './findings.js';
import type { FrenoConfig } from './schema.js';

type Access = FrenoConfig['Access'];

/** Names and tokens are unique: a caller has one set of rights. */
export function checkAccess(access: Access, findings: Findings): void {
  const { Anonymous, Tokens, Certificates } = access;
  const tokens = Tokens.map(({ SHA256 }) => SHA256.toLowerCase());
  checkUnique('Tokens', 'SHA256', tokens, findings);
  checkUnique('Tokens', 'Name', names(Tokens), findings);
  checkUnique('Certificates', 'Name', names(Certificates), findings);
  if (Tokens.length + Certificates.length > 0 && Anonymous.includes('control')) {
    findings.warning(
      ['Access', 'Anonymous'],
      'callers without a token may control every app: Tokens and Certificates restrict none; ' +
        'set it to ["check", "read"]',
    );
  }
}

function names(callers: ReadonlyArray<{ readonly Name: string }>): string[] {
  return callers.map(({ Name }) => Name);
}

function checkUnique(
  list: 'Tokens' | 'Certificates',
  key: 'Name' | 'SHA256',
  values: readonly string[],
  findings: Findings,
): void {
  values.forEach((value, index) => {
    const first = values.indexOf(value);
    if (first === index) return;
    findings.problem(
      ['Access', list, index, key],
      `the same as Access.${list}[${first}].${key}; each caller needs its own`,
    );
  });
}
