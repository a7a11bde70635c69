/**
 * A password in a file, which may be replaced while freno runs.
 *
 * Servers do not change a password all at the same moment. So the one before stays known: a server
 * that refuses one of the two is asked with the other one the next time, and each is read
 * throughout. How often a login is tried again is the caller's matter.
 */
import { readFileSync } from 'node:fs';
import { FrenoError, messageOf } from '../errors.js';
import { LIST_HOSTS_MAX } from '../limits.js';

/** A login reads the file again when it was read longer ago than this. */
const REREAD_AFTER_MS = 10_000;

/** And after a refused one this much: a thousand servers may refuse at the same moment. */
const REREAD_AFTER_REFUSAL_MS = 500;

export class PasswordFile {
  readonly #name: string;
  #current: string | undefined;
  #previous: string | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** Addresses of servers that are asked with the password before. */
  readonly #behind = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  /** The password for the next login. Throws `RESOURCE` when the file could never be read. */
  passwordFor(address: string, nowMs: number): string {
    this.#reread(nowMs, REREAD_AFTER_MS);
    const previous = this.#behind.has(address) ? this.#previous : undefined;
    return previous ?? this.#current!;
  }

  /** The server has refused a login with `password`. */
  refused(address: string, password: string, nowMs: number): void {
    this.#reread(nowMs, REREAD_AFTER_REFUSAL_MS);
    if (password !== this.#current) this.#behind.delete(address);
    else if (this.#previous !== undefined) {
      if (this.#behind.size >= LIST_HOSTS_MAX) this.#behind.clear();
      this.#behind.add(address);
    }
  }

  #reread(nowMs: number, afterMs: number): void {
    if (nowMs - this.#readAtMs < afterMs) return;
    this.#readAtMs = nowMs;
    let password: string;
    try {
      password = passwordIn(readFileSync(this.#name, 'utf8'));
    } catch (thrown) {
      // While a file is replaced it may be missing for a moment.
      if (this.#current !== undefined) return;
      this.#readAtMs = Number.NEGATIVE_INFINITY;
      throw new FrenoError('RESOURCE', `PasswordFile: ${messageOf(thrown)}`, { cause: thrown });
    }
    if (password === this.#current || (password === '' && this.#current !== undefined)) return;
    this.#previous = this.#current;
    this.#current = password;
    this.#behind.clear();
  }
}

/** The text of the file without the end of its line, which editors add. */
export function passwordIn(text: string): string {
  return text.replace(/\r?\n$/, '');
}
