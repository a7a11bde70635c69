/** What a node proves to its peers, and asks them to prove. */
import type { RaftSettings } from '../../../config/settings.js';
import { PeerSecrets } from './peer-secrets.js';
import { PeerTls } from './peer-tls.js';

export class PeerCredentials {
  constructor(
    /** Null: none is configured. */
    readonly secrets: PeerSecrets | null,
    readonly tls: PeerTls | null,
  ) {}

  /** Rejects with `CONFIG`. */
  static async read({
    secret = null,
    tls = null,
  }: Pick<RaftSettings, 'secret' | 'tls'>): Promise<PeerCredentials> {
    return new PeerCredentials(
      secret && (await PeerSecrets.read(secret)),
      tls && (await PeerTls.read(tls)),
    );
  }

  /** What the files hold now counts for new connections. Rejects with `CONFIG`: nothing changed. */
  async readAgain(): Promise<void> {
    const prepared = await Promise.all([this.secrets?.prepare(), this.tls?.prepare()]);
    for (const putInForce of prepared) putInForce?.();
  }
}

export const NO_CREDENTIALS = new PeerCredentials(null, null);
