/** One end of the transport alone, without Raft. */
import { parseAddress } from '../../../../src/base/address.js';
import { protocolError } from '../../../../src/consensus/raft/codec/wire.js';
import { PeerCounters } from '../../../../src/consensus/raft/transport/peer-counters.js';
import type { PeerCredentials } from '../../../../src/consensus/raft/transport/peer-credentials.js';
import {
  type ReportedGreeting,
  TcpTransport,
} from '../../../../src/consensus/raft/transport/tcp.js';
import { freePorts } from '../../../../src/demo/temporary.js';
import { until } from '../../../support/until.js';
import { LogRecorder } from './log-recorder.js';

export interface TestPeerOptions {
  readonly clusterName?: string;
  readonly bind?: string;
  readonly holdsData?: boolean;
  readonly clusterId?: string;
  readonly credentials?: PeerCredentials;
}

/** A transport and what arrived through it. */
export class TestPeer {
  readonly log = new LogRecorder();
  readonly received: string[] = [];
  readonly lost: string[] = [];
  readonly greetings: Array<readonly [string, ReportedGreeting]> = [];
  readonly counters = new PeerCounters();
  readonly transport: TcpTransport;

  constructor(
    readonly name: string,
    others: readonly string[],
    options: TestPeerOptions = {},
  ) {
    const { clusterName = 'test', bind = name, holdsData = false, clusterId = '' } = options;
    this.transport = new TcpTransport(
      {
        self: name,
        clusterName,
        bind: parseAddress(bind, 0)!,
        peers: others,
        holdsData: () => holdsData,
        clusterId: () => clusterId,
        counters: this.counters,
        ...(options.credentials && { credentials: options.credentials }),
      },
      {
        receive: (from, body) => {
          const text = Buffer.from(body).toString();
          if (text === 'invalid') throw protocolError('an invalid message');
          this.received.push(`${from} ${text}`);
        },
        unreachable: (peer) => this.lost.push(peer),
        greeted: (peer, greeting) => this.greetings.push([peer, greeting]),
      },
      this.log.logger,
    );
  }

  say(to: string, text: string): boolean {
    return this.transport.send(to, Buffer.from(text));
  }

  /** Retries until it is sent. */
  async reach(to: string, text: string): Promise<void> {
    await until(() => this.say(to, text));
  }
}

/** Addresses of this machine for two peers. */
export async function addressPair(): Promise<[a: string, b: string]> {
  const [a, b] = await freePorts(2);
  return [`127.0.0.1:${a}`, `127.0.0.1:${b}`];
}
