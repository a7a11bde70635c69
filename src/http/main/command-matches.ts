/**
 * What a command matched: a mistyped name changes nothing, and its operator should see that in the
 * response. Nothing here decides anything: what is not known here is null.
 */
import type { StoreLocation } from '../../contracts/http.js';
import type { CommandEffect, OperatorCommand } from '../../throttle/commands.js';

/** Finds the apps that checked on this node. */
export interface AppSightings {
  /**
   * Whether the app (`EVERY_APP`: any app) has checked in the last 24 h; null when a thread did not
   * respond in time.
   */
  hasSeen(app: string): Promise<boolean | null>;
}

export interface CommandMatchSources {
  readonly apps: AppSightings;
  readonly stores: () => readonly StoreLocation[];
  /** The apps check on the leader: another node has not seen them. */
  readonly isLeading: () => boolean;
}

/** What the command matched, as JSON, once it has taken effect. */
export type MatchReport = (effect: CommandEffect) => Promise<string>;

export class CommandMatches {
  readonly #sources: CommandMatchSources;

  constructor(sources: CommandMatchSources) {
    this.#sources = sources;
  }

  /** Begins to look while the command is being replicated. */
  look(command: OperatorCommand): MatchReport {
    switch (command.kind) {
      case 'throttleApp':
      case 'exemptApp': {
        const matched = this.#app(command.key);
        return () => matched;
      }
      case 'skipHost':
        return async () => '{}';
      case 'setThreshold':
        return async () => '{}';
      default:
        return async ({ lifted }) => `{"Entries":${lifted}}`;
    }
  }

  async #app(key: string): Promise<string> {
    const slash = key.indexOf('/');
    const app = slash === -1 ? key : key.slice(0, slash);
    const seen = await this.#sources.apps.hasSeen(app);
    const known = seen === false && !this.#sources.isLeading() ? null : seen;
    if (slash === -1) return `{"AppSeen":${known}}`;
    const store = key.slice(slash + 1);
    const isConfigured = this.#sources.stores().some(({ name }) => name === store);
    return `{"AppSeen":${known},"StoreConfigured":${isConfigured}}`;
  }
}
