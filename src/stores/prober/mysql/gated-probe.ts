/** A probe that waits for a place before it logs in (login-gate.ts). */
import type { ResolverClient } from '../../../base/dns-resolver.js';
import type { Login } from '../../../base/mysql/connection.js';
import { hostFailure } from '../../../base/mysql/failure.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { ConnectionListener } from './connection-listener.js';
import { LOGINS_MAX, type LoginGate, type LoginPlace } from './login-gate.js';
import { MysqlProbe } from './probe.js';
import { PROBE_TIMEOUT_MS } from './probe-bounds.js';
import type { ProbeCounters } from './probe-query.js';

export class GatedProbe extends MysqlProbe {
  readonly #place: LoginPlace;
  readonly #waiting: ConnectionListener;
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
    this.#place = gate.place(this.address);
  }

  override tick(nowMs: number): void {
    if (nowMs >= this.dialAtMs && !this.#place.take()) {
      this.#wait(nowMs);
      return;
    }
    this.#failsAtMs = Number.POSITIVE_INFINITY;
    super.tick(nowMs);
    const isLoggingIn = !this.isConnected && this.dialAtMs === Number.POSITIVE_INFINITY;
    if (isLoggingIn) this.#place.setDialing(this.lateFailure(0).unreachable);
    else this.#place.leave();
  }

  override close(): void {
    super.close();
    this.#place.leave();
  }

  #wait(nowMs: number): void {
    if (this.#failsAtMs === Number.POSITIVE_INFINITY) this.#failsAtMs = nowMs + PROBE_TIMEOUT_MS;
    if (nowMs < this.#failsAtMs) return;
    this.#failsAtMs = nowMs + PROBE_TIMEOUT_MS;
    this.isReached = false;
    const reason = `${LOGINS_MAX} logins to it are not answered yet`;
    const unreachable = this.#place.isUnreachable;
    this.#waiting.failed({ ...hostFailure(this.address, reason), unreachable }, nowMs);
  }
}
