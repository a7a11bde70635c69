/**
 * Main's end of the RPC of the HTTP workers (`http/worker/main-client.ts` is the other): handles
 * the operators' commands and the requests for what only main knows.
 */

import { type ErrorCode, FrenoError, messageOf } from '../../base/errors.js';
import { jsonString } from '../../base/json.js';
import type { Logger } from '../../base/log.js';
import { SingleFlight } from '../../base/single-flight.js';
import { TextPieces } from '../../base/text-pieces.js';
import { addJsonObject } from '../../base/time-slice.js';
import type { Consensus } from '../../contracts/consensus.js';
import type { Profiler } from '../../contracts/diagnostics.js';
import type { HttpStatisticsSource, MainRequest, MainResponse } from '../../contracts/http.js';
import type {
  EventsReporter,
  HistoryReporter,
  InventoryReporter,
  MetricsReporter,
  StoreHostsReporter,
  VarsReporter,
} from '../../contracts/reports.js';
import type { CommandEffect, CommandOrigin, OperatorCommand } from '../../throttle/commands.js';
import {
  commandJson,
  generalMessage,
  inventoryJson,
  JSON_TYPE,
  recentAppsJson,
  yieldJson,
} from '../shared/json-bodies.js';
import type { AskingApps } from './asking-apps.js';
import type { CommandLog } from './command-log.js';
import type { CommandMatches } from './command-matches.js';
import { mergeRecentApps } from './merge-recent-apps.js';
import { namesOfPage } from './page-of.js';
import { sharedBytes } from './shared-bytes.js';

export interface MainRpcSources {
  readonly consensus: Consensus;
  readonly http: HttpStatisticsSource;
  readonly inventory: InventoryReporter;
  readonly vars: VarsReporter;
  readonly metrics: MetricsReporter;
  readonly profiler: Profiler;
  readonly commands: CommandLog;
  readonly matches: CommandMatches;
  readonly events: EventsReporter;
  readonly storeHosts: StoreHostsReporter;
  readonly history: HistoryReporter;
  readonly apps: Pick<AskingApps, 'report'>;
  readonly log: Logger;
}

type RecentAppsRequest = Extract<MainRequest, { readonly kind: 'recentApps' }>;

/** The content type of Prometheus' text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const OK: MainResponse = { status: 200, json: generalMessage(200, 'OK') };

/** By the code of an error. A code that is not listed is a defect of freno: 500. */
const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  CONFLICT: 409,
  UNSUPPORTED: 501,
  NO_LEADER: 503,
  OVERLOADED: 503,
  OUTCOME_UNKNOWN: 504,
};

export class MainRpc {
  readonly #sources: MainRpcSources;
  /** Reports that take long: a flood of requests for them must not delay a heartbeat. */
  readonly #reports = new SingleFlight<MainResponse>();
  #unlogged: Array<readonly [OperatorCommand, CommandEffect]> = [];

  constructor(sources: MainRpcSources) {
    this.#sources = sources;
  }

  /** Never rejects: a failure is a response too. */
  async handle(request: MainRequest): Promise<MainResponse> {
    try {
      return await this.#respond(request);
    } catch (error) {
      return this.#failure(request, error);
    }
  }

  async #respond(request: MainRequest): Promise<MainResponse> {
    const { consensus, inventory, vars, metrics, profiler } = this.#sources;
    switch (request.kind) {
      case 'submit':
        return this.#submit(request.command, request.appSeen);
      case 'matches': {
        const matched = this.#sources.matches.look(request.command, request.appSeen);
        return { status: 200, json: await matched({ lifted: 0 }) };
      }
      case 'readBarrier':
        await consensus.readBarrier();
        return OK;
      case 'apps':
        return { status: 200, json: await this.#sources.apps.report(request.selection) };
      case 'recentApps':
        return this.#recentApps(request);
      case 'consensusLeader': {
        const { Leader } = consensus.status();
        return Leader === ''
          ? { status: 500, json: '' }
          : { status: 200, json: jsonString(Leader) };
      }
      case 'consensusState':
        return { status: 200, json: jsonString(consensus.status().State) };
      case 'consensusStatus':
        return { status: 200, json: JSON.stringify(consensus.status()) };
      case 'cluster':
        return { status: 200, json: JSON.stringify(consensus.cluster()) };
      case 'yieldLeadership':
        return this.#yieldLeadership(request.origin);
      case 'events': {
        const { selection } = request;
        const write = async () => this.#sources.events.report(selection);
        return this.#report(`events ${selection.sinceUnixMs} ${selection.limit}`, write);
      }
      case 'storeHosts': {
        const { store } = request;
        return this.#report(`hosts of ${store}`, () => this.#sources.storeHosts.report(store));
      }
      case 'history': {
        const json = this.#sources.history.report(request.store, request.seconds);
        if (json !== undefined) return { status: 200, json };
        const message = 'nothing was recorded of this store yet';
        return { status: 404, json: generalMessage(404, message) };
      }
      case 'inventory': {
        const { page } = request;
        return this.#longReport(`inventory ${JSON.stringify(page)}`, async () => {
          const names = await namesOfPage(inventory.clusterNames(), page);
          return inventoryJson(names, (name) => inventory.reportOf(name));
        });
      }
      case 'vars':
        return this.#longReport('vars', () => vars.report());
      case 'metrics':
        return this.#sharedReport('metrics', METRICS_TYPE, () => metrics.report());
      case 'profile': {
        const path = await profiler.take(request.profile);
        return { status: 200, json: '', other: { kind: 'file', path } };
      }
    }
  }

  async #submit(command: OperatorCommand, appSeen: boolean): Promise<MainResponse> {
    const { consensus, matches } = this.#sources;
    const matched = matches.look(command, appSeen);
    // Every node lists through which node the command came. Not in a copy: V8 would give each copy
    // a layout of its own, and every look at its properties would go the slow way.
    const effect = await consensus.submit(Object.assign(command, { node: consensus.name }));
    const response = { status: 200, json: commandJson(await matched(effect)) };
    this.#logSoon(command, effect);
    return response;
  }

  /** The client does not wait for the log. */
  #logSoon(command: OperatorCommand, effect: CommandEffect): void {
    this.#unlogged.push([command, effect]);
    if (this.#unlogged.length > 1) return;
    setImmediate(() => {
      const applied = this.#unlogged;
      this.#unlogged = [];
      for (const [one, itsEffect] of applied) this.#sources.commands.applied(one, itsEffect);
    });
  }

  async #yieldLeadership(origin: CommandOrigin): Promise<MainResponse> {
    const { consensus, commands } = this.#sources;
    const leader = await consensus.yieldLeadership();
    commands.yielded(origin, leader);
    return { status: 200, json: yieldJson(leader) };
  }

  #report(key: string, write: () => Promise<string>): Promise<MainResponse> {
    return this.#reports.run(key, async () => ({ status: 200, json: await write() }));
  }

  /** One of JSON that may be long; `write`: without its final newline. */
  #longReport(key: string, write: () => Promise<readonly string[]>): Promise<MainResponse> {
    return this.#sharedReport(key, JSON_TYPE, async () => [...(await write()), '\n']);
  }

  /** One that may have many million characters: neither written nor sent at once. */
  #sharedReport(
    key: string,
    contentType: string,
    write: () => Promise<readonly string[]>,
  ): Promise<MainResponse> {
    return this.#reports.run(key, async () => {
      const bytes = await sharedBytes(await write());
      return { status: 200, json: '', other: { kind: 'shared', contentType, bytes } };
    });
  }

  #recentApps({ lastMinutes, page }: RecentAppsRequest): Promise<MainResponse> {
    return this.#longReport(`recentApps ${JSON.stringify([lastMinutes, page])}`, async () => {
      const statistics = await this.#sources.http.collect('recentApps');
      const nowUnixMs = Date.now();
      const merged = await mergeRecentApps(statistics, nowUnixMs, lastMinutes);
      const entries = await recentAppsJson(merged, nowUnixMs);
      const names = await namesOfPage(entries.keys(), page);
      const pieces = new TextPieces();
      await addJsonObject(new Map(names.map((name) => [name, entries.get(name)!])), pieces);
      return pieces.all;
    });
  }

  #failure(request: MainRequest, error: unknown): MainResponse {
    const status = error instanceof FrenoError ? STATUS_BY_CODE[error.code] : undefined;
    if (status === undefined) {
      this.#sources.log.error({ err: error, request: request.kind }, 'a request failed');
    }
    if (request.kind === 'submit') {
      this.#sources.commands.failed(request.command, status ?? 500, messageOf(error));
    }
    if (request.kind === 'yieldLeadership') {
      this.#sources.commands.notYielded(request.origin, status ?? 500, messageOf(error));
    }
    return { status: status ?? 500, json: generalMessage(status ?? 500, messageOf(error)) };
  }
}
