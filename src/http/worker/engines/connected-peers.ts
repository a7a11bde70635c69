/**
 * Who is connected. To ask the native engine for the address of a request's peer costs about as
 * much as all the rest of a check, so it is not asked while there is only one possible answer:
 * since the moment without connections, all that opened came from one address (a proxy, a single
 * client).
 */
import type { ClientKey } from '../recent-apps.js';

export class ConnectedPeers {
  #open = 0;
  #only: ClientKey | undefined;
  #areSeveral = false;

  /** The peer of every open connection; undefined when they may be several. */
  get only(): ClientKey | undefined {
    return this.#areSeveral ? undefined : this.#only;
  }

  opened(peer: ClientKey): void {
    this.#open++;
    if (this.#only === undefined) this.#only = peer;
    else if (this.#only !== peer) this.#areSeveral = true;
  }

  closed(): void {
    this.#open--;
    if (this.#open > 0) return;
    this.#only = undefined;
    this.#areSeveral = false;
  }
}
