/**
 * Which stores the peers can log in to: a leader that cannot asks them, before it hands over, and
 * each node answers by trying. They are no part of the algorithm.
 */
import type { LoginTrial } from '../../contracts/consensus.js';
import type { LoginMessage } from './codec/login-question.js';
import { encodeLoginMessage } from './codec/login-question.js';
import type { NodeId } from './core/types.js';
import { within } from './within.js';

/** Longer than a trial takes, with room for its messages. */
const ANSWER_TIMEOUT_MS = 3_000;

export interface PeerLoginsOptions {
  readonly peers: readonly NodeId[];
  /** Whether the release of the peer knows the question. */
  readonly isRead: (peer: NodeId) => boolean;
  /** False: there is no connection. */
  readonly send: (to: NodeId, body: Uint8Array) => boolean;
  /** Answers for this node. */
  readonly trial: LoginTrial;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class PeerLogins {
  readonly #options: PeerLoginsOptions;
  /** Of the latest question. From a random number on: an answer may outlive the run that asked. */
  #id: number;
  #asked: ReadonlySet<NodeId> = new Set();
  #answers = new Map<NodeId, readonly string[]>();
  #onAnswer: () => void = () => {};
  #isTrying = false;

  constructor(options: PeerLoginsOptions) {
    this.#options = options;
    this.#id = Math.floor(options.random() * 2 ** 48);
  }

  /**
   * Resolves with the answers, when all that got the question have answered, or in time. A call
   * ends the one before.
   */
  async ask(stores: readonly string[]): Promise<ReadonlyMap<NodeId, readonly string[]>> {
    const { peers, isRead, send } = this.#options;
    const id = ++this.#id;
    this.#onAnswer();
    const answers = new Map<NodeId, readonly string[]>();
    this.#answers = answers;
    const body = encodeLoginMessage({ kind: 'question', id, stores });
    const asked = new Set(peers.filter((peer) => isRead(peer) && send(peer, body)));
    this.#asked = asked;
    if (asked.size === 0) return answers;
    await within(ANSWER_TIMEOUT_MS, (done) => {
      this.#onAnswer = () => {
        if (answers.size === asked.size || id !== this.#id) done();
      };
    });
    return answers;
  }

  received(from: NodeId, message: LoginMessage): void {
    if (message.kind === 'question') void this.#answer(from, message);
    else if (message.id === this.#id && this.#asked.has(from)) {
      this.#answers.set(from, message.stores);
      this.#onAnswer();
    }
  }

  /** One trial at a time: who asks meanwhile gets no answer, and may ask again. */
  async #answer(from: NodeId, { id, stores }: LoginMessage): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    try {
      const answer = await this.#options.trial(stores);
      this.#options.send(from, encodeLoginMessage({ kind: 'answer', id, stores: answer }));
    } finally {
      this.#isTrying = false;
    }
  }
}
