/**
 * A bound on the logins of one thread to one address that are in progress. A server that hangs
 * counts those that are given up when it goes on, and after some it refuses the whole machine
 * (`max_connect_errors`, 100 unless set), so they must be few, however many stores list the host.
 */

/** Of an address. There are at most a few threads. */
export const LOGINS_MAX = 16;

export class LoginGate {
  /** By address. */
  readonly #logins = new Map<string, number>();

  place(address: string): LoginPlace {
    return new LoginPlace(this.#logins, address);
  }
}

/** The place of one probe. */
export class LoginPlace {
  readonly #logins: Map<string, number>;
  readonly #address: string;
  #isTaken = false;

  constructor(logins: Map<string, number>, address: string) {
    this.#logins = logins;
    this.#address = address;
  }

  /** Whether a login may begin, which is in progress until `leave`. */
  take(): boolean {
    if (this.#isTaken) return true;
    const logins = this.#logins.get(this.#address) ?? 0;
    if (logins >= LOGINS_MAX) return false;
    this.#logins.set(this.#address, logins + 1);
    this.#isTaken = true;
    return true;
  }

  leave(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const logins = this.#logins.get(this.#address)! - 1;
    if (logins === 0) this.#logins.delete(this.#address);
    else this.#logins.set(this.#address, logins);
  }
}
