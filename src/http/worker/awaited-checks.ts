/** The questions for which clients wait: one check, or one of several stores. */

import { isWorse, type Judgement } from '../../throttle/judgement.js';
import type { Checks } from './checks.js';
import { type CompiledCheck, checkJson } from './compiled-check.js';
import type { ClientKey } from './recent-apps.js';
import { type HandlerResponse, jsonResponse } from './response.js';
import type { AwaitedQuestion, Look } from './waiters.js';

export class AwaitedCheck implements AwaitedQuestion {
  constructor(
    private readonly checks: Checks,
    private readonly compiled: CompiledCheck,
    private readonly query: string,
  ) {}

  isReady(look: Look): boolean {
    return this.checks.needsNoWait(this.compiled, this.query, look);
  }

  answer(client: ClientKey): HandlerResponse {
    const { checks, compiled, query } = this;
    return checks.answer(compiled, checks.judge(compiled, query, true), client);
  }
}

/** One store of several. */
export interface AskedStore {
  /** `mysql/main1`, as the client wrote it. */
  readonly store: string;
  readonly compiled: CompiledCheck;
}

export class AwaitedStores implements AwaitedQuestion {
  constructor(
    private readonly checks: Checks,
    private readonly stores: readonly AskedStore[],
    private readonly query: string,
  ) {}

  /** All pass, or one has a result that waiting does not change. */
  isReady(look: Look): boolean {
    const { checks, stores, query } = this;
    let passes = true;
    for (const { compiled } of stores) {
      if (!checks.needsNoWait(compiled, query, look)) passes = false;
      else if (checks.judge(compiled, query).status !== 200) return true;
    }
    return passes;
  }

  /** Each store is counted as a check of its own. */
  answer(client: ClientKey): HandlerResponse {
    const { checks, stores, query } = this;
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
