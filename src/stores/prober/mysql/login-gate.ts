/**
 * A bound on the logins of one thread to one address that are in progress. A server that hangs
 * counts those that are given up when it goes on, and after some it refuses the whole machine
 * (`max_connect_errors`, 100 unless set), so they must be few, however many stores list the host.
 */

/** Of an address. There are at most a few threads. */
export const LOGINS_MAX = 16;

/** Logins to one address. */
interface AddressLogins {
  inProgress: number;
  /** Those that have no TCP connection yet. */
  dialing: number;
}

/** A bound on connections. */
interface SocketPlaces {
  take(): boolean;
  leave(): void;
}

export class LoginGate {
  readonly #logins = new Map<string, AddressLogins>();
  readonly #sockets: SocketPlaces;

  /** `sockets`: for all connections of the thread; without a bound unless given. */
  constructor(sockets: SocketPlaces = { take: () => true, leave: () => {} }) {
    this.#sockets = sockets;
  }

  /** Whether one more connection may be made, which counts until `leaveSocket`. */
  takeSocket(): boolean {
    return this.#sockets.take();
  }

  leaveSocket(): void {
    this.#sockets.leave();
  }

  place(address: string): LoginPlace {
    return new LoginPlace(this.#logins, address);
  }
}

/** The place of one probe. */
export class LoginPlace {
  readonly #all: Map<string, AddressLogins>;
  readonly #address: string;
  /** Of the address; null: the place is free. */
  #taken: AddressLogins | null = null;
  #isDialing = false;

  constructor(all: Map<string, AddressLogins>, address: string) {
    this.#all = all;
    this.#address = address;
  }

  /** Whether no login to the address has come as far as a TCP connection. */
  get isUnreachable(): boolean {
    const logins = this.#all.get(this.#address);
    return logins !== undefined && logins.dialing === logins.inProgress;
  }

  /** Whether a login may begin, which is in progress until `leave`. */
  take(): boolean {
    if (this.#taken !== null) return true;
    let logins = this.#all.get(this.#address);
    if (logins === undefined) {
      logins = { inProgress: 0, dialing: 0 };
      this.#all.set(this.#address, logins);
    }
    if (logins.inProgress >= LOGINS_MAX) return false;
    logins.inProgress++;
    this.#taken = logins;
    return true;
  }

  setDialing(isDialing: boolean): void {
    if (this.#taken === null || isDialing === this.#isDialing) return;
    this.#isDialing = isDialing;
    this.#taken.dialing += isDialing ? 1 : -1;
  }

  leave(): void {
    if (this.#taken === null) return;
    this.setDialing(false);
    if (--this.#taken.inProgress === 0) this.#all.delete(this.#address);
    this.#taken = null;
  }
}
