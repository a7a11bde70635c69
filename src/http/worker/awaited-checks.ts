/** The questions for which clients wait: one check, or one of several stores. */

import { isWorse, type Judgement } from '../../throttle/judgement.js';
import type { Checks } from './checks.js';
import { type CompiledCheck, checkJson } from './compiled-check.js';
import type { ClientKey } from './recent-apps.js';
import { type HandlerResponse, isResponse, jsonResponse } from './response.js';
import type { AwaitedQuestion } from './waiters.js';

/** What the question means now, or the response that refuses it. */
type Compiler<Compiled> = () => Compiled | HandlerResponse;

export class AwaitedCheck implements AwaitedQuestion {
  readonly #checks: Checks;
  readonly #query: string;
  readonly #compile: Compiler<CompiledCheck>;
  #compiled: CompiledCheck | HandlerResponse;

  constructor(checks: Checks, query: string, compile: Compiler<CompiledCheck>) {
    this.#checks = checks;
    this.#query = query;
    this.#compile = compile;
    this.#compiled = compile();
  }

  get metricsKey(): string {
    return isResponse(this.#compiled) ? '' : this.#compiled.metricsKey;
  }

  isHeldBack(): boolean {
    return !isResponse(this.#compiled) && this.#checks.isHeldBack(this.#compiled);
  }

  isReady(): boolean {
    return isResponse(this.#compiled) || this.#checks.needsNoWait(this.#compiled, this.#query);
  }

  answer(client: ClientKey): HandlerResponse {
    const compiled = this.#compiled;
    if (isResponse(compiled)) return compiled;
    return this.#checks.answer(compiled, this.#checks.judge(compiled, this.#query, true), client);
  }

  recompile(): void {
    this.#compiled = this.#compile();
  }
}

/** One store of several. */
export interface AskedStore {
  /** `mysql/main1`, as the client wrote it. */
  readonly store: string;
  readonly compiled: CompiledCheck;
}

export class AwaitedStores implements AwaitedQuestion {
  readonly #checks: Checks;
  readonly #query: string;
  readonly #compile: Compiler<readonly AskedStore[]>;
  #stores: readonly AskedStore[] | HandlerResponse;

  constructor(checks: Checks, query: string, compile: Compiler<readonly AskedStore[]>) {
    this.#checks = checks;
    this.#query = query;
    this.#compile = compile;
    this.#stores = compile();
  }

  get metricsKey(): string {
    if (isResponse(this.#stores)) return '';
    return this.#stores.map(({ compiled }) => compiled.metricsKey).join('|');
  }

  isHeldBack(): boolean {
    if (isResponse(this.#stores)) return false;
    return this.#stores.some(({ compiled }) => this.#checks.isHeldBack(compiled));
  }

  /** All pass, or one has a result that waiting does not change. */
  isReady(): boolean {
    if (isResponse(this.#stores)) return true;
    let passes = true;
    for (const { compiled } of this.#stores) {
      if (!this.#checks.needsNoWait(compiled, this.#query)) passes = false;
      else if (this.#checks.judge(compiled, this.#query).status !== 200) return true;
    }
    return passes;
  }

  recompile(): void {
    this.#stores = this.#compile();
  }

  /** Each store is counted as a check of its own. */
  answer(client: ClientKey): HandlerResponse {
    const checks = this.#checks;
    const query = this.#query;
    const stores = this.#stores;
    if (isResponse(stores)) return stores;
    let worst: Judgement | undefined;
    const members: string[] = [];
    for (const { store, compiled } of stores) {
      const result = checks.judge(compiled, query, true);
      checks.answer(compiled, result, client);
      if (worst === undefined || isWorse(result, worst)) worst = result;
      const json = checkJson(result, compiled.store?.hasSeveralMetrics ?? false);
      members.push(`{"Store":${JSON.stringify(store)},${json.slice(1)}`);
    }
    const own = checkJson(worst!, false).slice(0, -1);
    return jsonResponse(worst!.status, `${own},"Stores":[${members.join(',')}]}`);
  }
}
