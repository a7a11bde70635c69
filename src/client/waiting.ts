/** Waiting for permission: until a yes, the end of the caller's time, or a failure that stays. */
import { becauseOf, type CheckAnswer, type PermittedAnswer } from './answer.js';
import { FrenoClientError } from './errors.js';
import type { WaitSummary } from './events.js';
import type { Explanation } from './explanation.js';
import type { Inquiry } from './inquiry.js';
import type { ClientSettings } from './options.js';
import { type FrenoServers, unknownStore } from './servers.js';
import { AbortScope, nowMs } from './timing.js';

/** Between reports of one wait, after the first. */
const REPORT_EVERY_MS = 60_000;
/** While a client goes on without freno, it asks only so often. */
const PROCEED_MS = 1_000;
/**
 * A leader has its first values within a second. One that does not have the store for so long, and
 * cannot explain itself, is of a release that says `No such metric` of unknown stores too.
 */
const UNKNOWN_STORE_AFTER_MS = 2_000;

/** Not longer than that before its end, a wait asks once why it must go on. */
const EXPLAIN_BEFORE_END_MS = 2_500;

export interface Permission {
  readonly waitedMs: number;
  /** The yes; null: no freno responds, and `whenUnreachable` is `proceed`. */
  readonly answer: PermittedAnswer | null;
}

export interface WaitBounds {
  readonly maxWaitMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Waiting {
  readonly #servers: FrenoServers;
  readonly #settings: ClientSettings;
  #proceedUntilMs = 0;

  constructor(servers: FrenoServers, settings: ClientSettings) {
    this.#servers = servers;
    this.#settings = settings;
  }

  /** Resolves with a permission, or rejects; whichever it is, `onWaited` gets it. */
  async wait(inquiry: Inquiry, bounds: WaitBounds): Promise<Permission> {
    bounds.signal?.throwIfAborted();
    const wait = new OneWait(inquiry, bounds, this.#servers, this.#settings);
    let outcome: WaitSummary['outcome'] = 'rejected';
    try {
      const answer = await inquiry.whileWaiting(() => this.#yes(wait));
      outcome = answer === null ? 'proceeded' : 'permitted';
      return { waitedMs: wait.waitedMs, answer };
    } finally {
      wait.end(outcome);
    }
  }

  /** Null: go on without freno. */
  async #yes(wait: OneWait): Promise<PermittedAnswer | null> {
    for (;;) {
      if (nowMs() < this.#proceedUntilMs) return null;
      const answer = await wait.next();
      if (answer.permitted) return answer;
      if (answer.reason === 'unreachable' && this.#mustDecide()) {
        if (this.#settings.whenUnreachable === 'proceed') {
          this.#proceedUntilMs = nowMs() + PROCEED_MS;
          return null;
        }
        throw new FrenoClientError('UNREACHABLE', becauseOf(answer));
      }
    }
  }

  #mustDecide(): boolean {
    const { whenUnreachable, unreachableAfterMs } = this.#settings;
    return whenUnreachable !== 'wait' && this.#servers.unreachableForMs >= unreachableAfterMs;
  }
}

/** The wait of one caller. */
class OneWait {
  readonly #scope: AbortScope;
  readonly #inquiry: Inquiry;
  readonly #maxWaitMs: number;
  readonly #servers: FrenoServers;
  readonly #settings: ClientSettings;
  readonly #startedAtMs = nowMs();
  #latest: CheckAnswer | null = null;
  /** freno's own, from shortly before the end: an answer does not name the host. */
  #explanation: Explanation | null = null;
  #explaining: Promise<void> | null = null;
  /** Since when a leader has not had the store. */
  #unknownSinceMs: number | null = null;

  constructor(
    inquiry: Inquiry,
    { maxWaitMs, signal }: WaitBounds,
    servers: FrenoServers,
    settings: ClientSettings,
  ) {
    this.#inquiry = inquiry;
    this.#maxWaitMs = maxWaitMs;
    this.#servers = servers;
    this.#settings = settings;
    this.#scope = new AbortScope(signal);
    this.#scope.after(maxWaitMs, () => this.#scope.abort(this.#timedOut()));
    if (settings.onWaiting !== null) this.#reportAfter(settings.reportAfterMs);
  }

  get waitedMs(): number {
    return nowMs() - this.#startedAtMs;
  }

  async next(): Promise<CheckAnswer> {
    const secondsLeft = (this.#maxWaitMs - this.waitedMs) / 1_000;
    const answer = await this.#inquiry.next(secondsLeft, this.#scope.signal);
    this.#latest = answer;
    if (!answer.permitted && answer.reason !== 'unreachable') this.#explainBeforeEnd();
    if (answer.reason === 'no-such-metric') await this.#refuseUnknown(answer);
    else this.#unknownSinceMs = null;
    return answer;
  }

  end(outcome: WaitSummary['outcome']): void {
    this.#scope.end();
    if (this.#explaining !== null) this.#scope.abort(new Error('the wait has ended'));
    const { app, store } = this.#inquiry.question;
    this.#settings.onWaited({ app, store, waitedMs: this.waitedMs, outcome });
  }

  /** Without a leader no store is known: only the time with one counts. */
  async #refuseUnknown(answer: CheckAnswer): Promise<void> {
    const sinceMs = this.#unknownSinceMs ?? nowMs();
    if (this.#unknownSinceMs !== null && nowMs() - sinceMs < UNKNOWN_STORE_AFTER_MS) return;
    const isLed = await this.#servers.haveLeader(this.#scope.signal);
    if (isLed && this.#unknownSinceMs !== null) {
      throw unknownStore(this.#inquiry.question, answer.server);
    }
    this.#unknownSinceMs = isLed ? sinceMs : null;
  }

  /** Goes on by itself: a yes that comes meanwhile must not wait for it. */
  #explainBeforeEnd(): void {
    if (this.#maxWaitMs - this.waitedMs > EXPLAIN_BEFORE_END_MS) return;
    this.#explaining ??= this.#servers.explain(this.#inquiry.question, this.#scope.signal).then(
      (explanation) => {
        this.#explanation = explanation;
      },
      // The wait has ended, and needs none.
      () => undefined,
    );
  }

  #timedOut(): FrenoClientError {
    const { app, store } = this.#inquiry.question;
    const [latest, explanation] = [this.#latest, this.#explanation];
    const because =
      latest === null
        ? 'no answer yet'
        : explanation?.status === latest.status
          ? explanation.text
          : becauseOf(latest);
    const time = `${this.#maxWaitMs / 1_000} s`;
    const text = `${app} may not write to ${store} within ${time}: ${because}`;
    return new FrenoClientError('WAIT_TIMEOUT', text);
  }

  #reportAfter(delayMs: number): void {
    this.#scope.after(delayMs, () => {
      this.#report().then(
        () => this.#reportAfter(REPORT_EVERY_MS),
        // What the caller's own function throws ends its wait.
        (thrown: unknown) => this.#scope.abort(thrown),
      );
    });
  }

  async #report(): Promise<void> {
    const { signal } = this.#scope;
    const explanation = await this.#servers.explain(this.#inquiry.question, signal);
    // It may have ended meanwhile.
    signal.throwIfAborted();
    const answer = this.#latest;
    const { app, store } = this.#inquiry.question;
    const because =
      explanation !== null && !explanation.permitted
        ? explanation.text
        : answer === null
          ? 'no answer yet'
          : becauseOf(answer);
    this.#settings.onWaiting!({ app, store, waitedMs: this.waitedMs, because, answer });
  }
}
