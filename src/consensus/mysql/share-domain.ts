/**
 * Domains that throttle together (`ShareDomain`): the leader of each polls the leaders of the
 * others for their unhealthy stores.
 *
 * A store that is overloaded in one domain often replicates from, or to, one of another domain, so
 * writers of both must wait. The last report of an unresponsive leader counts for
 * `REPORT_TTL_MS`: long enough for a fail-over there, short enough that a dead domain does not
 * throttle the others for good.
 */
import { monotonicMs } from '../../base/clock.js';
import { FairResolver, type ResolverClient } from '../../base/dns-resolver.js';
import type { Logger } from '../../base/log.js';
import { sharedInterval } from '../../base/shared-interval.js';
import type { ShareDomainTls } from '../../config/share-domain.js';
import type { ConsensusStatus } from '../../contracts/consensus.js';
import type { PeerHealthSink, UnhealthyAtPeers } from '../../contracts/peer-health.js';
import { PeerRequests } from './peer-request.js';
import { TransitionLog } from './transition-log.js';

const POLL_INTERVAL_MS = 1_000;

/** A peer's report counts for this long. */
const REPORT_TTL_MS = 5_000;

/** Peers polled, at most. */
const PEERS_MAX = 100;

const RESOLVER_LIMITS = { lookupsMax: 3, foundMs: 5_000, notFoundMs: 1_000 };

interface DomainPeer {
  readonly domain: string;
  readonly faults: TransitionLog;
  /** One for each peer: names whose look-up hangs do not delay the others. */
  readonly resolver: ResolverClient;
  isPolling: boolean;
  unhealthy: ReadonlySet<string>;
  /** `monotonicMs()` until which `unhealthy` counts. */
  untilMs: number;
}

export interface ShareDomainOptions {
  readonly status: () => ConsensusStatus;
  readonly peerHealth: PeerHealthSink;
  /** How leaders are asked; null: in clear. */
  readonly tls: ShareDomainTls | null;
  readonly log: Logger;
  readonly intervalMs?: number;
}

export class ShareDomain {
  readonly #options: ShareDomainOptions;
  readonly #requests: PeerRequests;
  /** By service id. */
  readonly #peers = new Map<string, DomainPeer>();
  readonly #resolver = new FairResolver({ limits: RESOLVER_LIMITS });
  #cancel: (() => void) | undefined;

  constructor(options: ShareDomainOptions) {
    this.#options = options;
    this.#requests = new PeerRequests(options.tls);
  }

  start(): void {
    const periodMs = this.#options.intervalMs ?? POLL_INTERVAL_MS;
    this.#cancel = sharedInterval(periodMs, () => this.#pollAll());
  }

  stop(): void {
    this.#cancel?.();
    this.#peers.clear();
  }

  #pollAll(): void {
    const { IsLeader, ShareDomainServices } = this.#options.status();
    const leaders = IsLeader ? Object.entries(ShareDomainServices ?? {}).slice(0, PEERS_MAX) : [];
    if (leaders.length === 0 && this.#peers.size === 0) return;
    if (IsLeader) this.#deleteExpired(leaders.map(([, service]) => service));
    else this.#peers.clear();
    for (const [domain, service] of leaders) {
      void this.#poll(service, this.#peerOf(service, domain));
    }
    this.#publish();
  }

  /** The last report of a former leader counts until it expires. */
  #deleteExpired(services: readonly string[]): void {
    for (const [service, peer] of this.#peers) {
      if (!services.includes(service) && monotonicMs() >= peer.untilMs) this.#peers.delete(service);
    }
  }

  #peerOf(service: string, domain: string): DomainPeer {
    const known = this.#peers.get(service);
    if (known !== undefined) return known;
    const faults = new TransitionLog(this.#options.log, `ShareDomain: polling ${service}`);
    const resolver = this.#resolver.client();
    const peer: DomainPeer = {
      domain,
      faults,
      resolver,
      isPolling: false,
      unhealthy: new Set(),
      untilMs: 0,
    };
    this.#peers.set(service, peer);
    return peer;
  }

  /** Never rejects. */
  async #poll(service: string, peer: DomainPeer): Promise<void> {
    if (peer.isPolling) return;
    peer.isPolling = true;
    try {
      peer.unhealthy = await this.#requests.unhealthyStores(service, peer.resolver.lookup);
      peer.untilMs = monotonicMs() + REPORT_TTL_MS;
      peer.faults.succeeded();
      if (this.#peers.get(service) === peer) this.#publish();
    } catch (error) {
      peer.faults.failed(error);
    } finally {
      peer.isPolling = false;
    }
  }

  #publish(): void {
    const reports = new Map<string, UnhealthyAtPeers>();
    const nowMs = monotonicMs();
    for (const { domain, unhealthy, untilMs } of this.#peers.values()) {
      if (untilMs <= nowMs) continue;
      for (const store of unhealthy) {
        const other = reports.get(store);
        reports.set(store, {
          untilMs: Math.max(other?.untilMs ?? 0, untilMs),
          domains: [...new Set([...(other?.domains ?? []), domain])].sort(),
        });
      }
    }
    this.#options.peerHealth.setUnhealthyAtPeers(reports);
  }
}
