/** The transport to peers over TCP: one connection for each direction between two nodes. */

import type { Address } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { FairResolver } from '../../../base/dns-resolver.js';
import type { Logger } from '../../../base/log.js';
import { FEATURE_TLS, ownFeatures } from '../codec/features.js';
import type { Greeting } from '../codec/handshake.js';
import type { NodeId } from '../core/types.js';
import type { PeerTransport } from '../driver-types.js';
import { RateLimitedLog } from '../rate-limited-log.js';
import { HandshakeBudget } from './handshake-budget.js';
import { PeerAdmission } from './identity.js';
import { PeerAddresses } from './peer-addresses.js';
import { PeerCounters } from './peer-counters.js';
import { NO_CREDENTIALS, type PeerCredentials } from './peer-credentials.js';
import { PeerLink } from './peer-link.js';
import { PeerListener } from './peer-listener.js';

const PING_INTERVAL_MS = 500;

/** No caching: each dial looks its peer up again, and links have their own back-off. */
const RESOLVER_LIMITS = { lookupsMax: 3, foundMs: 0, notFoundMs: 0 };

/** Numbers of runs, all exact. */
const INSTANCES = 2 ** 52;

export interface TransportOptions {
  readonly self: NodeId;
  readonly clusterName: string;
  /** Where to listen. */
  readonly bind: Address;
  /** The other nodes, `host:port`. */
  readonly peers: readonly NodeId[];
  /** For the greeting: see `Greeting`. Asked for each connection. */
  holdsData?(): boolean;
  clusterId?(): string;
  readonly counters?: PeerCounters;
  /** Absent: peers need not prove anything. */
  readonly credentials?: PeerCredentials;
}

/** What a peer says of itself that concerns more than its connections. */
export type ReportedGreeting = Omit<Greeting, 'instance'>;

export interface TransportHandlers {
  /** Throws `PROTOCOL` for an invalid message. The bytes are valid during the call only. */
  receive(from: NodeId, body: Uint8Array): void;
  unreachable(peer: NodeId): void;
  /**
   * A connection to or from this peer was accepted by both. Called for each, before anything that
   * arrives on it.
   */
  greeted?(peer: NodeId, greeting: ReportedGreeting): void;
}

export class TcpTransport implements PeerTransport {
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #listener: PeerListener;
  #pings: NodeJS.Timeout | undefined;

  constructor(options: TransportOptions, handlers: TransportHandlers, log: Logger) {
    const { self, clusterName, bind, peers, counters = new PeerCounters() } = options;
    const { credentials = NO_CREDENTIALS } = options;
    const peerAddresses = new PeerAddresses();
    const warnings = new RateLimitedLog(log, monotonicMs);
    // Apart: strangers must not use up the lines of peers.
    const refusals = new RateLimitedLog(log, monotonicMs);
    const resolver = new FairResolver({ limits: RESOLVER_LIMITS });
    const instance = 1 + Math.floor(Math.random() * INSTANCES);
    const own = (): Greeting => ({
      holdsData: options.holdsData?.() ?? false,
      clusterId: options.clusterId?.() ?? '',
      nodes: [self, ...peers],
      features: credentials.tls === null ? ownFeatures : [...ownFeatures, FEATURE_TLS],
      instance,
    });
    const warn = (text: string, key: string): void => warnings.warn(text, key);
    const admission = new PeerAdmission(self, own, counters.differingLists, warn);
    const greeted = (peer: NodeId, said: Greeting): void => {
      const { holdsData, clusterId, nodes, features } = said;
      handlers.greeted?.(peer, { holdsData, clusterId, nodes, features });
    };
    const doubted = (peer: NodeId, doubt: string | null): void => {
      if (doubt === null) return;
      const consequence = 'it is accepted, as the mode "accept" allows';
      warnings.warn(`raft: peer ${peer} is not proved: ${doubt}; ${consequence}`);
    };
    for (const peer of peers) {
      /** Whether the last log line about the peer is of a failure. */
      let isDown = false;
      const link = new PeerLink({
        self,
        clusterName,
        peer,
        lookUp: resolver.client().lookup,
        random: Math.random,
        admission,
        counters,
        credentials,
        onReached: (address) => peerAddresses.reached(peer, address),
        onUp: (said, doubt) => {
          greeted(peer, said);
          doubted(peer, doubt);
          log[isDown ? 'warn' : 'info']({ peer }, 'raft: peer connected');
          isDown = false;
        },
        onLost: (reason) => {
          isDown = true;
          log.warn({ peer, reason }, 'raft: peer lost');
          handlers.unreachable(peer);
        },
        onFailure: (reason) => {
          isDown = true;
          warnings.warn(`raft: cannot reach peer ${peer}: ${reason}`);
        },
      });
      this.#links.set(peer, link);
    }
    this.#listener = new PeerListener({
      self,
      clusterName,
      bind,
      peers: new Set(peers),
      admission,
      counters,
      credentials,
      peerAddresses,
      tlsHandshakes: new HandshakeBudget(peerAddresses),
      receive: (from, body) => handlers.receive(from, body),
      onPeer: (peer, said, doubt) => {
        greeted(peer, said);
        doubted(peer, doubt);
        this.#links.get(peer)?.dialNow();
      },
      onRefused: (remote, kind, reason) => {
        counters.refusedConnections += 1;
        const text = `raft: connection of ${remote} refused: ${reason}`;
        refusals.warn(text, `${remote} ${kind}`);
      },
      onAcceptFailed: (reason) => {
        warnings.warn(`raft: connections of peers cannot be accepted: ${reason}`);
      },
    });
  }

  /** Listens and dials. Rejects with `RESOURCE` when the address cannot be bound. */
  async start(): Promise<void> {
    await this.#listener.start();
    for (const link of this.#links.values()) link.dialNow();
    this.#pings = setInterval(() => {
      for (const link of this.#links.values()) link.ping();
    }, PING_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#pings);
    for (const link of this.#links.values()) link.stop();
    await this.#listener.stop();
  }

  /** Of each peer: null when messages reach it, else why they do not. */
  peerFaults(): Map<NodeId, string | null> {
    return new Map([...this.#links].map(([peer, link]) => [peer, link.fault]));
  }

  /** As `PeerConnections.heardAtMs`. */
  heardAtMs(peer: NodeId): number | null {
    return this.#listener.heardAtMs(peer);
  }

  send(to: NodeId, body: Uint8Array): boolean {
    return this.#links.get(to)?.send(body) ?? false;
  }
}

/** For a node without peers: it neither listens nor dials. */
export const noTransport: PeerTransport &
  Pick<TcpTransport, 'start' | 'stop' | 'peerFaults' | 'heardAtMs'> = {
  peerFaults: () => new Map(),
  heardAtMs: () => null,
  start: async () => {},
  stop: async () => {},
  send: () => false,
};
