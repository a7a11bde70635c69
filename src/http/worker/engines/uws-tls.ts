/**
 * The native engine over TLS. It cannot replace the certificate of a listening app, so a renewed
 * one gets an app of its own on the same port. The one before stops listening and serves the
 * connections that it has until they close.
 */
import type { ListenTlsSettings } from '../../../contracts/http.js';
import type { Engine, EngineContext, Listening } from './engine.js';
import { UwsEngine } from './uws.js';

/** Apps with connections from before the last renewals; those of older ones are closed. */
const RETIRED_MAX = 8;

export class UwsTlsEngine implements Engine {
  readonly #context: EngineContext;
  readonly #tls: ListenTlsSettings;
  #current: UwsEngine;
  #retired: readonly UwsEngine[] = [];
  #where: Listening | undefined;

  /** Throws when the files cannot be used. */
  constructor(context: EngineContext, tls: ListenTlsSettings) {
    this.#context = context;
    this.#tls = tls;
    this.#current = new UwsEngine(context, tls);
  }

  /** Never exclusive: a renewed certificate listens beside the one before for a moment. */
  listen(where: Listening): Promise<void> {
    this.#where = { ...where, exclusive: false };
    return this.#current.listen(this.#where);
  }

  async renewCertificate(): Promise<void> {
    if (this.#where === undefined) return;
    const next = new UwsEngine(this.#context, this.#tls);
    try {
      await next.listen(this.#where);
    } catch (error) {
      next.close();
      throw error;
    }
    this.#current.retire();
    const retired = [...this.#retired, this.#current];
    this.#current = next;
    const kept = retired.filter((engine) => !engine.isUnused).slice(-RETIRED_MAX);
    for (const engine of retired) if (!kept.includes(engine)) engine.close();
    this.#retired = kept;
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#retired, this.#current].map((engine) => engine.drain()));
  }

  close(): void {
    for (const engine of [...this.#retired, this.#current]) engine.close();
  }
}
