/**
 * Domains that throttle together: the leader of each asks the leaders of the others which of their
 * metrics are not healthy. A leader that does not answer counts for what it said last, for a while.
 */
import { monotonicMs } from '../../base/clock.js';
import { FairResolver, type ResolverClient } from '../../base/dns-resolver.js';
import type { Logger } from '../../base/log.js';
import type { ConsensusStatus } from '../../contracts/consensus.js';
import type { PeerHealthSink } from '../../contracts/peer-health.js';
import { unhealthyStores } from './peer-request.js';
import { TransitionLog } from './transition-log.js';

const POLL_INTERVAL_MS = 1_000;

/** What a peer said counts for this long. */
const MEMORY_MS = 5_000;

/** Peers asked at most. */
const PEERS_MAX = 100;

const NAMES_LIMITS = { lookupsMax: 3, foundMs: 5_000, notFoundMs: 1_000 };

interface DomainPeer {
  readonly faults: TransitionLog;
  /** Each asks for one name: those that hang leave the others their turn. */
  readonly names: ResolverClient;
  asking: boolean;
  unhealthy: ReadonlySet<string>;
  /** `monotonicMs()` until which that counts. */
  untilMs: number;
}

export interface ShareDomainOptions {
  readonly status: () => ConsensusStatus;
  readonly peerHealth: PeerHealthSink;
  readonly log: Logger;
  readonly intervalMs?: number;
}

export class ShareDomain {
  readonly #options: ShareDomainOptions;
  /** By service id. */
  readonly #peers = new Map<string, DomainPeer>();
  readonly #names = new FairResolver({ limits: NAMES_LIMITS });
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ShareDomainOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#poll(), this.#options.intervalMs ?? POLL_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#peers.clear();
  }

  #poll(): void {
    const { IsLeader, ShareDomainServices } = this.#options.status();
    const services = IsLeader ? Object.values(ShareDomainServices ?? {}).slice(0, PEERS_MAX) : [];
    if (services.length === 0 && this.#peers.size === 0) return;
    if (IsLeader) this.#forgetOld(services);
    else this.#peers.clear();
    for (const service of services) void this.#ask(service, this.#peerOf(service));
    this.#publish();
  }

  /** A leader that gives way to another counts until its words are old. */
  #forgetOld(services: readonly string[]): void {
    for (const [service, peer] of this.#peers) {
      if (!services.includes(service) && monotonicMs() >= peer.untilMs) this.#peers.delete(service);
    }
  }

  #peerOf(service: string): DomainPeer {
    const known = this.#peers.get(service);
    if (known !== undefined) return known;
    const faults = new TransitionLog(this.#options.log, `ShareDomain: asking ${service}`);
    const names = this.#names.client();
    const peer: DomainPeer = { faults, names, asking: false, unhealthy: new Set(), untilMs: 0 };
    this.#peers.set(service, peer);
    return peer;
  }

  /** Never rejects. */
  async #ask(service: string, peer: DomainPeer): Promise<void> {
    if (peer.asking) return;
    peer.asking = true;
    try {
      peer.unhealthy = await unhealthyStores(service, peer.names.lookup);
      peer.untilMs = monotonicMs() + MEMORY_MS;
      peer.faults.worked();
      if (this.#peers.get(service) === peer) this.#publish();
    } catch (error) {
      peer.faults.failed(error);
    } finally {
      peer.asking = false;
    }
  }

  #publish(): void {
    const untilMs = new Map<string, number>();
    for (const peer of this.#peers.values()) {
      for (const store of peer.unhealthy) {
        untilMs.set(store, Math.max(untilMs.get(store) ?? 0, peer.untilMs));
      }
    }
    this.#options.peerHealth.setUnhealthyAtPeers(untilMs);
  }
}
