/**
 * What an HTTP worker reports to main for the log: refused commands, and checks of stores that are
 * not configured. Main logs for all workers, so that a line that is logged once an hour is logged
 * once by the node, and so that no HTTP thread loads the log's library.
 */
import { monotonicMs } from '../../base/clock.js';
import { LogBudget } from '../../base/log-budget.js';
import { RecentNames } from '../../base/recent-names.js';
import {
  type FromHttp,
  UNKNOWN_STORE_PERIOD_MS,
  UNKNOWN_STORES_MAX,
} from '../../contracts/http.js';
import { JSON_TYPE } from '../shared/json-bodies.js';
import { givenNote } from './control-parameters.js';
import { type ClientKey, clientName } from './recent-apps.js';
import type { HandlerResponse } from './response.js';

/** Of one worker. */
const REFUSALS_MAX = 100;
const REFUSALS_PERIOD_MS = 60_000;

/** Clients whose unknown tokens are reported, each once in that time. */
const UNKNOWN_TOKENS_MAX = 100;
const UNKNOWN_TOKENS_PERIOD_MS = 60_000;

/** Clients choose paths and names: longer ones are cut. */
const TEXT_LENGTH_MAX = 200;

export type Report = Extract<
  FromHttp,
  { kind: 'refusedCommand' | 'unknownStore' | 'unknownToken' }
>;

/** A control request, as far as it is reported. */
export interface ReportedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly client: ClientKey;
}

export class Reports {
  readonly #send: (report: Report) => void;
  readonly #refusals = new LogBudget(REFUSALS_MAX, REFUSALS_PERIOD_MS);
  /** One more than main logs, so that main notices that there are more. */
  readonly #unknownStores = new RecentNames(UNKNOWN_STORES_MAX + 1, UNKNOWN_STORE_PERIOD_MS);

  readonly #unknownTokens = new RecentNames(UNKNOWN_TOKENS_MAX, UNKNOWN_TOKENS_PERIOD_MS);

  constructor(send: (report: Report) => void) {
    this.#send = send;
  }

  /** `caller`: undefined when it has no name, or none that is known. */
  refusedCommand(request: ReportedRequest, response: HandlerResponse, caller?: string): void {
    if (!this.#refusals.take(monotonicMs())) return;
    const { method, path, query } = request;
    const { status } = response;
    const owner = givenNote(query, 'owner');
    const reason = givenNote(query, 'reason');
    const refusal = {
      client: clientName(request.client),
      ...(caller !== undefined && { caller }),
      ...(owner !== '' && { owner }),
      ...{ method, path: cut(path), status },
      ...(reason !== '' && { reason }),
    };
    const { notLogged = 0 } = this.#refusals.fields();
    this.#send({
      kind: 'refusedCommand',
      refusal: { ...refusal, error: messageOf(response), ...(notLogged > 0 && { notLogged }) },
    });
  }

  unknownToken(key: ClientKey): void {
    const client = clientName(key);
    if (this.#unknownTokens.meet(client, monotonicMs()) !== 'new') return;
    this.#send({ kind: 'unknownToken', client });
  }

  unknownStore(storeType: string, storeName: string, app: string, client: ClientKey): void {
    const [type, name] = [cut(storeType), cut(storeName)];
    if (this.#unknownStores.meet(`${type}/${name}`, monotonicMs()) !== 'new') return;
    const check = { storeType: type, storeName: name, app: cut(app), client: clientName(client) };
    this.#send({ kind: 'unknownStore', check });
  }
}

function cut(text: string): string {
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text;
}

function messageOf({ contentType, body }: HandlerResponse): string {
  const text = body.toString();
  if (contentType !== JSON_TYPE) return text.trim();
  const { Message } = JSON.parse(text) as { readonly Message: string };
  return Message;
}
