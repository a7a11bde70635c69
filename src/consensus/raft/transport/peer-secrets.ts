/**
 * Two nodes prove to each other that they know the secret of the cluster, without sending it.
 *
 * The dialling node sends a nonce with its hello. The other one responds with a nonce of its own
 * and its proof; only then does the dialling node send its proof; only then comes the welcome. A
 * proof is the HMAC-SHA-256 (RFC 2104) over the hello, in which are both identities, the name of
 * the cluster and a nonce; over the nonce of the other side; and over the side and the name of the
 * node that proves. So one that is overheard, or sent back to its author, proves nothing on another
 * connection: a node that is sent its own hello proves that it is itself, not the node it dialled.
 *
 * It says who is at the other end when the connection is made. It does not protect what follows
 * from a host on the path that changes it: TLS does.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type PeerProofMode,
  type RaftSecretSettings,
  readSecrets,
} from '../../../config/raft-secret.js';
import type { NodeId } from '../core/types.js';

const NONCE_BYTES = 32;

/** Why a peer is refused, in words that hold on both nodes. */
export const NO_PROOF = 'it did not prove that it knows the secret of the cluster (RaftSecretFile)';
export const WRONG_PROOF = 'the two nodes have different secrets (RaftSecretFile)';

/** Separates these proofs from any other use of the secret, and from later kinds of proofs. */
const CONTEXT = 'freno raft peer 1';

/** Which side of the connection proves: neither can be answered with its own proof. */
export type ProvingSide = 'dialling' | 'listening';

/** What both sides have said when they prove. */
export interface Challenge {
  /** The node that proves. */
  readonly prover: NodeId;
  /** The hello as it was sent. */
  readonly hello: Uint8Array;
  /** Of the listening side; that of the dialling side is in the hello. */
  readonly nonce: Uint8Array;
}

export class PeerSecrets {
  readonly #settings: RaftSecretSettings;
  /** The one in use first. Never empty. */
  #secrets: readonly string[];

  private constructor(settings: RaftSecretSettings, secrets: readonly string[]) {
    this.#settings = settings;
    this.#secrets = secrets;
  }

  /** Rejects with `CONFIG`. */
  static async read(settings: RaftSecretSettings): Promise<PeerSecrets> {
    return new PeerSecrets(settings, await readSecrets(settings));
  }

  /**
   * Reads the file again; what it resolves with puts it in force for new connections. Rejects with
   * `CONFIG`.
   */
  async prepare(): Promise<() => void> {
    const secrets = await readSecrets(this.#settings);
    return () => {
      this.#secrets = secrets;
    };
  }

  get mode(): PeerProofMode {
    return this.#settings.mode;
  }

  nonce(): Uint8Array {
    return randomBytes(NONCE_BYTES);
  }

  proof(side: ProvingSide, challenge: Challenge): Uint8Array {
    return proofWith(this.#secrets[0]!, side, challenge);
  }

  isProof(proof: Uint8Array, side: ProvingSide, challenge: Challenge): boolean {
    return this.#secrets.some((secret) => {
      const expected = proofWith(secret, side, challenge);
      return proof.length === expected.length && timingSafeEqual(proof, expected);
    });
  }
}

export function isNonce(nonce: Uint8Array): boolean {
  return nonce.length === NONCE_BYTES;
}

/** Each part with its length before it: no two lists of parts are the same bytes. */
function proofWith(secret: string, side: ProvingSide, { prover, hello, nonce }: Challenge): Buffer {
  const hmac = createHmac('sha256', secret);
  for (const part of [...[CONTEXT, side, prover].map((text) => Buffer.from(text)), hello, nonce]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hmac.update(length).update(part);
  }
  return hmac.digest();
}
