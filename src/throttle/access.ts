/**
 * Who may do what: roles, narrowed by patterns of apps and stores. Pure.
 *
 * `check`: ask for permission to write. `read`: see what freno knows of the whole node. `control`:
 * throttle, exempt, skip, set thresholds. `admin`: profiles, leadership, members. No role contains
 * another one. What anonymous callers may do, every caller may do.
 */
import { type AccessRole, ROLES } from '../base/access-names.js';
import { appAndPrefixes, fitsPattern } from './app-rules.js';
import { CALLER_LENGTH_MAX } from './command-limits.js';

/** In the place of an app or a store in a right: all of them. */
export const EVERY = '*';

/** What a caller may do. `*` in a pattern stands for any characters, or none. */
export interface RightsSettings {
  readonly roles: readonly AccessRole[];
  /** Patterns of names of apps: of `check` and `control`. */
  readonly apps: readonly string[];
  /** Patterns of `mysql/<store>`: of `check` and `control`. */
  readonly stores: readonly string[];
}

export interface NamedRights extends RightsSettings {
  readonly name: string;
}

export interface TokenRights extends NamedRights {
  /** SHA-256 of the token, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Plain data, to be sent between threads. */
export interface AccessSettings {
  /** As `AppRulesSettings.separator`: rights for an app are rights for its parts. */
  readonly separator: string;
  readonly anonymous: readonly AccessRole[];
  readonly tokens: readonly TokenRights[];
  /** By the name in a client's certificate. */
  readonly certificates: readonly NamedRights[];
}

/** Every caller may do everything, as in the original. */
export const OPEN_ACCESS: AccessSettings = {
  separator: '',
  anonymous: ROLES,
  tokens: [],
  certificates: [],
};

/** What a request needs. `app` and `store` are not given where it is about none. */
export interface Right {
  readonly role: AccessRole;
  /** A name, or `EVERY`. */
  readonly app?: string;
  /** `mysql/<store>`, or `EVERY`. */
  readonly store?: string;
}

export class Grant {
  readonly #rights: RightsSettings;
  readonly #separator: string;

  constructor(rights: RightsSettings, separator: string) {
    this.#rights = rights;
    this.#separator = separator;
  }

  get rights(): RightsSettings {
    return this.#rights;
  }

  hasRole(role: AccessRole): boolean {
    return this.#rights.roles.includes(role);
  }

  /** What the right needs and this grant does not have, in words; null: nothing is missing. */
  missing({ role, app, store }: Right): string | null {
    if (!this.hasRole(role)) return `the role "${role}"`;
    if (app !== undefined && !this.#coversApp(app)) {
      return app === EVERY ? `the role "${role}" for every app` : `the role "${role}" for this app`;
    }
    if (store !== undefined && !this.#coversStore(store)) {
      return store === EVERY
        ? `the role "${role}" for every store`
        : `the role "${role}" for this store`;
    }
    return null;
  }

  #coversApp(app: string): boolean {
    const { apps } = this.#rights;
    if (app === EVERY) return apps.includes(EVERY);
    const names = appAndPrefixes(app, this.#separator);
    return apps.some((pattern) => names.some((name) => fitsPattern(pattern, name)));
  }

  #coversStore(store: string): boolean {
    const { stores } = this.#rights;
    if (store === EVERY) return stores.includes(EVERY) || stores.includes('mysql/*');
    return stores.some((pattern) => fitsPattern(pattern, store));
  }
}

export type CallerKind = 'anonymous' | 'token' | 'certificate';

/** Who sends a request. */
export interface Caller {
  readonly kind: CallerKind;
  /** Of the token or of the certificate; empty: anonymous. */
  readonly name: string;
  readonly grant: Grant;
}

/**
 * `token ci`, for logs and events; undefined: anonymous, known by the address alone. A certificate
 * that is given no rights may have any name: the text is one that a command may carry.
 */
export function callerText({ kind, name }: Caller): string | undefined {
  if (kind === 'anonymous') return undefined;
  return `${kind} ${name}`.slice(0, CALLER_LENGTH_MAX).replace(/[\p{Cc}\p{Cs}]/gu, '?');
}

/** Whether everybody may do everything, and no caller has a name. */
export function isOpenAccess({ anonymous, tokens, certificates }: AccessSettings): boolean {
  return (
    ROLES.every((role) => anonymous.includes(role)) &&
    tokens.length === 0 &&
    certificates.length === 0
  );
}
