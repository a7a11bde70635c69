/** A probe that waits for a place before it connects and logs in (login-gate.ts). */
import type { ResolverClient } from '../../../base/dns-resolver.js';
import type { Login } from '../../../base/mysql/connection.js';
import { dialFailure, hostFailure, type MySQLFailure } from '../../../base/mysql/failure.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { ConnectionListener } from './connection-listener.js';
import { LOGINS_MAX, type LoginGate, type LoginPlace } from './login-gate.js';
import { MysqlProbe } from './probe.js';
import { PROBE_TIMEOUT_MS } from './probe-bounds.js';
import type { ProbeCounters } from './probe-query.js';

/** As of a connection that the system refuses: there would be none left for clients and files. */
const NO_DESCRIPTOR = Object.assign(new Error('too many open files'), { code: 'EMFILE' });

export class GatedProbe extends MysqlProbe {
  readonly #gate: LoginGate;
  readonly #place: LoginPlace;
  readonly #waiting: ConnectionListener;
  #hasSocket = false;
  /** When the wait is a failure, as if it were a step of the login; infinite: it does not wait. */
  #failsAtMs = Number.POSITIVE_INFINITY;

  constructor(
    target: ProbeTarget,
    login: Login,
    resolver: ResolverClient,
    listener: ConnectionListener,
    counters: ProbeCounters,
    gate: LoginGate,
  ) {
    super(target, login, resolver, listener, counters);
    this.#waiting = listener;
    this.#gate = gate;
    this.#place = gate.place(this.address);
  }

  override tick(nowMs: number): void {
    if (nowMs >= this.dialAtMs) {
      const missing = this.#missingPlace();
      if (missing !== null) {
        this.#wait(missing, nowMs);
        return;
      }
    }
    this.#failsAtMs = Number.POSITIVE_INFINITY;
    super.tick(nowMs);
    if (this.dialAtMs < Number.POSITIVE_INFINITY) this.#leaveSocket();
    if (this.#place.isTaken) this.#place.setDialing(this.lateFailure(0).unreachable);
  }

  override close(): void {
    super.close();
    this.#leaveSocket();
  }

  /** At once: others wait for the place. */
  protected override loginEnded(isAccepted: boolean): void {
    super.loginEnded(isAccepted);
    this.#place.leave();
  }

  /** Takes the places for an attempt to connect. Null: it has them; else why it has not. */
  #missingPlace(): MySQLFailure | null {
    if (!this.#place.take()) {
      const reason = `${LOGINS_MAX} logins to it are not answered yet`;
      const unreachable = this.#place.isUnreachable;
      return { ...hostFailure(this.address, reason), unreachable };
    }
    this.#hasSocket ||= this.#gate.takeSocket();
    if (this.#hasSocket) return null;
    this.#place.leave();
    return { ...dialFailure(this.address, NO_DESCRIPTOR), isFull: true };
  }

  #leaveSocket(): void {
    if (this.#hasSocket) this.#gate.leaveSocket();
    this.#hasSocket = false;
  }

  #wait(missing: MySQLFailure, nowMs: number): void {
    if (this.#failsAtMs === Number.POSITIVE_INFINITY) this.#failsAtMs = nowMs + PROBE_TIMEOUT_MS;
    if (nowMs < this.#failsAtMs) return;
    this.#failsAtMs = nowMs + PROBE_TIMEOUT_MS;
    this.isReached = false;
    this.#waiting.failed(missing, nowMs);
  }
}
