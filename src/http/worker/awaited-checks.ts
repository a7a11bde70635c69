/** The questions for which clients wait: one check, or one of several stores. */

import { jsonString } from '../../base/json.js';
import { isWorse, type Judgement } from '../../throttle/judgement.js';
import type { Checks } from './checks.js';
import { type CompiledCheck, checkJson } from './compiled-check.js';
import type { ClientKey } from './recent-apps.js';
import { type HandlerResponse, isResponse, jsonResponse } from './response.js';
import type { AwaitedQuestion } from './waiters.js';

/** What the question means now, or the response that refuses it. */
type Compiler<Compiled> = () => Compiled | HandlerResponse;

/** Answers and counts a check. */
export type CheckResponder = (
  compiled: CompiledCheck,
  client: ClientKey,
) => HandlerResponse | Promise<HandlerResponse>;

export class AwaitedCheck implements AwaitedQuestion {
  readonly #checks: Checks;
  readonly #query: string;
  readonly #compile: Compiler<CompiledCheck>;
  readonly #answer: CheckResponder;
  #compiled: CompiledCheck | HandlerResponse;

  constructor(
    checks: Checks,
    query: string,
    compile: Compiler<CompiledCheck>,
    answer: CheckResponder,
  ) {
    this.#checks = checks;
    this.#query = query;
    this.#compile = compile;
    this.#answer = answer;
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

  answer(client: ClientKey): HandlerResponse | Promise<HandlerResponse> {
    return isResponse(this.#compiled) ? this.#compiled : this.#answer(this.#compiled, client);
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
  readonly #isVerbose: boolean;
  #stores: readonly AskedStore[] | HandlerResponse;

  constructor(
    checks: Checks,
    query: string,
    compile: Compiler<readonly AskedStore[]>,
    isVerbose: boolean,
  ) {
    this.#checks = checks;
    this.#query = query;
    this.#compile = compile;
    this.#isVerbose = isVerbose;
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
      else if (this.#checks.judge(compiled, this.#query, 'look').status !== 200) return true;
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
      const result = checks.judge(compiled, query, 'answer');
      const json = this.#jsonOf(compiled, result);
      checks.answer(compiled, result, client);
      if (worst === undefined || isWorse(result, worst)) worst = result;
      members.push(`{"Store":${jsonString(store)},${json.slice(1)}`);
    }
    const own = checkJson(worst!, false).slice(0, -1);
    return jsonResponse(worst!.status, `${own},"Stores":[${members.join(',')}]}`);
  }

  #jsonOf(compiled: CompiledCheck, result: Judgement): string {
    const explained = this.#isVerbose ? this.#checks.explain(compiled, result).json : null;
    return explained ?? checkJson(result, compiled.store?.hasSeveralMetrics ?? false);
  }
}
