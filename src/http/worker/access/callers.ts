/**
 * Who sends a request: the one place where that is decided. A token names the caller before the
 * certificate of the connection does; who has neither is anonymous.
 *
 * A token is found by its SHA-256 in a map: the time that takes says nothing of how near a wrong
 * one was. Headers whose token was found are kept, so that the next request costs one look-up.
 */
import { createHash } from 'node:crypto';
import { type AccessSettings, type Caller, Grant } from '../../../throttle/access.js';

/** RFC 6750, section 2.1. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]{1,512}=*) *$/i;
const IS_BEARER = /^bearer\b/i;

/** Headers with a known token: a client may write each in some ways. */
const HEADERS_MAX = 4_096;

export class Callers {
  readonly anonymous: Caller;
  readonly #bySha256: ReadonlyMap<string, Caller>;
  readonly #byCertificate: ReadonlyMap<string, Caller>;
  readonly #byHeader = new Map<string, Caller>();

  constructor({ anonymous, tokens, certificates, separator }: AccessSettings) {
    const rights = { roles: anonymous, apps: ['*'], stores: ['*'] };
    this.anonymous = { kind: 'anonymous', name: '', grant: new Grant(rights, separator) };
    this.#bySha256 = new Map(
      tokens.map((token) => {
        const grant = new Grant(token, separator);
        return [token.sha256, { kind: 'token', name: token.name, grant }];
      }),
    );
    this.#byCertificate = new Map(
      certificates.map((certificate) => {
        const grant = new Grant(certificate, separator);
        return [certificate.name, { kind: 'certificate', name: certificate.name, grant }];
      }),
    );
  }

  /**
   * `authorization`: the header, empty when there is none; one of another scheme is for a proxy.
   * `certificate`: the name in the client's certificate, which the engine has verified; empty:
   * none. Undefined: the token is not known.
   */
  callerOf(authorization: string, certificate: string): Caller | undefined {
    if (authorization !== '') {
      const known = this.#byHeader.get(authorization);
      if (known !== undefined) return known;
      if (IS_BEARER.test(authorization)) return this.#ofToken(authorization);
    }
    if (certificate === '') return this.anonymous;
    return this.#byCertificate.get(certificate) ?? this.#nameless(certificate);
  }

  #ofToken(authorization: string): Caller | undefined {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    const caller = this.#bySha256.get(createHash('sha256').update(token).digest('hex'));
    if (caller === undefined) return undefined;
    if (this.#byHeader.size >= HEADERS_MAX) this.#byHeader.clear();
    this.#byHeader.set(authorization, caller);
    return caller;
  }

  /** A certificate that is given no rights still says who calls. */
  #nameless(name: string): Caller {
    return { kind: 'certificate', name, grant: this.anonymous.grant };
  }
}
