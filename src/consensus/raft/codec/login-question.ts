/** The question which stores a peer can log in to, and its answer: no part of the algorithm. */
import { ASKED_STORES_MAX } from '../../../contracts/consensus.js';
import { decodeUntrusted, exact, protocolError, wire } from './wire.js';

export interface LoginMessage {
  readonly kind: 'question' | 'answer';
  /** Chosen by the node that asks: an answer has that of its question. */
  readonly id: number;
  /** Names of stores: those that are asked about, or those that can be logged in to. */
  readonly stores: readonly string[];
}

/** A peer chooses them: longer ones are the names of no store. */
const NAME_LENGTH_MAX = 1_024;

/** The keys of fields 17 and 18, length-delimited, of a `PeerMessage`: n << 3 | 2 as a varint. */
const KEYS = [0x8a, 0x92] as const;

export function encodeLoginMessage({ kind, ...message }: LoginMessage): Uint8Array {
  const body = { ...message, stores: [...message.stores] };
  return wire.PeerMessage.encode(
    kind === 'question' ? { loginQuestion: body } : { loginAnswer: body },
  ).finish();
}

/** Whether a message is one of these: its first field is. */
export function isLoginMessage(body: Uint8Array): boolean {
  return (body[0] === KEYS[0] || body[0] === KEYS[1]) && body[1] === 0x01;
}

/** Throws `PROTOCOL`. */
export function decodeLoginMessage(body: Uint8Array): LoginMessage {
  const { loginQuestion, loginAnswer } = decodeUntrusted('a question about logins', () =>
    wire.PeerMessage.decode(body),
  );
  const message = loginQuestion ?? loginAnswer;
  if (message == null) throw protocolError('a question about logins without contents');
  const stores = message.stores ?? [];
  if (stores.length > ASKED_STORES_MAX) {
    throw protocolError(`a question about ${stores.length} stores`);
  }
  if (stores.some((store) => store.length > NAME_LENGTH_MAX)) {
    throw protocolError('a question about a store with too long a name');
  }
  const kind = loginQuestion == null ? 'answer' : 'question';
  return { kind, id: exact(message.id ?? 0, 'id'), stores };
}
