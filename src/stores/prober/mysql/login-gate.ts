/**
 * A bound on the logins of the process to one address that are in progress. A server that hangs
 * counts those that are given up when it goes on, and after some it refuses the whole machine
 * (`max_connect_errors`, 100 unless set), so they must be few, however many stores list the host,
 * and whatever threads probe them.
 */
import { type AddressLogins, LoginCounts } from '../../../board/login-counts.js';

/** To one address, of all threads. */
export const LOGINS_MAX = 16;

/** A bound on connections. */
interface SocketPlaces {
  take(): boolean;
  leave(): void;
}

export class LoginGate {
  readonly #counts: LoginCounts;
  readonly #sockets: SocketPlaces;

  /**
   * `counts`: with those of the other threads. `sockets`: for all connections of the thread;
   * without a bound unless given.
   */
  constructor(
    counts = new LoginCounts(LoginCounts.memory(1), 0),
    sockets: SocketPlaces = { take: () => true, leave: () => {} },
  ) {
    this.#counts = counts;
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
    return new LoginPlace(this.#counts.of(address));
  }
}

/** The place of one probe. */
export class LoginPlace {
  readonly #logins: AddressLogins;
  #isTaken = false;
  /** Whether there is a connection, in a place that is taken. */
  #isConnected = false;

  constructor(logins: AddressLogins) {
    this.#logins = logins;
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether no login to the address has come as far as a TCP connection. */
  get isUnreachable(): boolean {
    return !this.#logins.isConnected;
  }

  /** Whether a login may begin, which is in progress until `leave`. */
  take(): boolean {
    this.#isTaken ||= this.#logins.begin(LOGINS_MAX);
    return this.#isTaken;
  }

  /** Whether the login that is in progress only tries to connect: so it begins. */
  setDialing(isDialing: boolean): void {
    if (!this.#isTaken || isDialing !== this.#isConnected) return;
    this.#isConnected = !isDialing;
    if (isDialing) this.#logins.disconnected();
    else this.#logins.connected();
  }

  leave(): void {
    if (!this.#isTaken) return;
    this.setDialing(true);
    this.#logins.end();
    this.#isTaken = false;
  }
}
