/**
 * Questions of an HTTP worker to main that wait for their answers: bounded in number and in time.
 */
import { OUTCOME_UNKNOWN_MESSAGE } from '../../contracts/consensus.js';
import type { MainRequest, MainResponse } from '../../contracts/http.js';
import { generalMessage } from '../shared/json-bodies.js';

/** Most questions in flight of one worker. */
const QUESTIONS_MAX = 1024;

/** Longer than consensus itself waits, so that its own word on the outcome comes first. */
const QUESTION_TIMEOUT_MS = 10_000;

/** A profile takes the time that it covers, and then may have to be written for a while. */
const PROFILE_EXTRA_TIMEOUT_MS = 65_000;

interface PendingCall {
  readonly question: MainRequest;
  readonly deadlineMs: number;
  readonly resolve: (answer: MainResponse) => void;
}

export interface MainClientLimits {
  readonly inFlightMax: number;
  readonly timeoutMs: number;
}

const LIMITS: MainClientLimits = { inFlightMax: QUESTIONS_MAX, timeoutMs: QUESTION_TIMEOUT_MS };

export class MainClient {
  readonly #send: (asks: ReadonlyArray<readonly [number, MainRequest]>) => void;
  readonly #limits: MainClientLimits;
  readonly #waiting = new Map<number, PendingCall>();
  #unsent: Array<readonly [number, MainRequest]> = [];
  #nextId = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `send` gets the questions of one turn of the event loop together. */
  constructor(
    send: (asks: ReadonlyArray<readonly [number, MainRequest]>) => void,
    limits: MainClientLimits = LIMITS,
  ) {
    this.#send = send;
    this.#limits = limits;
  }

  /** Never rejects: too many questions, or no answer in time, is an answer too. */
  call(question: MainRequest): Promise<MainResponse> {
    if (this.#waiting.size >= this.#limits.inFlightMax) {
      return Promise.resolve(failure(503, 'too many requests are waiting; nothing was changed'));
    }
    return new Promise((resolve) => {
      const id = this.#nextId++;
      const deadlineMs = performance.now() + this.#timeoutMs(question);
      this.#waiting.set(id, { question, deadlineMs, resolve });
      this.#timer ??= setTimeout(() => this.#expire(), this.#limits.timeoutMs);
      if (this.#unsent.length === 0) setImmediate(() => this.#sendAll());
      this.#unsent.push([id, question]);
    });
  }

  /** An answer to a question that has timed out is dropped. */
  answered(answers: ReadonlyArray<readonly [number, MainResponse]>): void {
    for (const [id, answer] of answers) {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    }
  }

  /** Gives up on all questions. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { question, resolve } of this.#waiting.values()) resolve(withoutAnswer(question));
    this.#waiting.clear();
  }

  #sendAll(): void {
    const asks = this.#unsent;
    this.#unsent = [];
    this.#send(asks);
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, { question, deadlineMs, resolve }] of this.#waiting) {
      if (deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, deadlineMs);
        continue;
      }
      this.#waiting.delete(id);
      resolve(withoutAnswer(question));
    }
    // A question asked meanwhile can be due earlier than one that takes a profile.
    const waitMs = Math.min(nextMs - nowMs, this.#limits.timeoutMs);
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#expire(), waitMs);
  }

  #timeoutMs(question: MainRequest): number {
    if (question.kind !== 'profile') return this.#limits.timeoutMs;
    return (question.request.seconds ?? 0) * 1000 + PROFILE_EXTRA_TIMEOUT_MS;
  }
}

function withoutAnswer(question: MainRequest): MainResponse {
  return question.kind === 'submit'
    ? failure(504, OUTCOME_UNKNOWN_MESSAGE)
    : failure(503, 'no answer in time');
}

function failure(status: number, message: string): MainResponse {
  return { status, json: generalMessage(status, message) };
}
