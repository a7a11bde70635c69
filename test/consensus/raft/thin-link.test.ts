/** Followers behind a link that takes little, and peers that send and do not read. */
import { connect } from 'node:net';
import { expect } from 'chai';
import {
  encodeHello,
  encodePing,
  PROTOCOL_VERSION,
} from '../../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../../src/consensus/raft/transport/frame.js';
import { freePorts } from '../../../src/demo/temporary.js';
import { ThinLink } from '../../support/thin-link.js';
import { until } from '../../support/until.js';
import { RaftTestCluster, throttle } from './support/cluster.js';

const COMMANDS = 2500;

/** Bytes of the snapshot, of about 900,000, that have passed when the link is cut. */
const CUT_AT = 600_000;

/** Three bytes a character: chunks of the snapshot are as long as they get. */
const NAME_END = 'ッ'.repeat(80);

describe('a peer on a bad link', () => {
  const running: Array<{ stop(): Promise<void> }> = [];
  let cluster: RaftTestCluster;

  beforeEach(async () => {
    cluster = await RaftTestCluster.create({ size: 3, snapshotEntries: 500 });
    running.push(cluster);
  });

  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
  });

  it('gets a snapshot through 100 kB/s, and goes on where it ended after a cut', async () => {
    const [first, second] = cluster.nodes;
    await Promise.all([first!.consensus.start(), second!.consensus.start()]);
    const leader = await cluster.leader();
    const keys = Array.from({ length: COMMANDS }, (_, at) => `${at}-${NAME_END}`);
    for (let at = 0; at < COMMANDS; at += 500) {
      const some = keys.slice(at, at + 500);
      await Promise.all(some.map((key) => leader.consensus.submit(throttle(key))));
    }
    const third = cluster.settingsOf(2);
    const [port] = await freePorts(1);
    const bind = { host: '127.0.0.1', port: port! };
    const link = await ThinLink.listen(third.bind.port, bind, 100_000);
    running.push(link);
    const slow = await cluster.restart(2, { bind });
    await until(() => link.passed > CUT_AT);
    link.cut();
    await until(() => slow.machine.has(keys.at(-1)!));
    // Chunks that were in flight, or late, are sent twice; all of them would be more than this.
    expect(link.passed).to.be.lessThan(CUT_AT + 1.3 * COMMANDS * Buffer.byteLength(keys[0]!));
    expect(leader.observer.leading).to.equal(true);
    expect(slow.log.warnings().join()).not.to.contain('refused');
  });

  it('costs no memory when it sends pings and never reads', async () => {
    const [first] = cluster.nodes;
    await first!.consensus.start();
    const { name, settings } = first!;
    const socket = connect(settings.bind);
    running.push({ stop: async () => void socket.destroy() });
    const from = cluster.settingsOf(1).advertise;
    const hello = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', from, to: name };
    socket.pause();
    socket.on('error', () => {});
    socket.write(frameOf(encodeHello(hello)));
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frameOf(encodePing())));
    const before = process.memoryUsage().rss;
    let isClosed = false;
    socket.on('close', () => {
      isClosed = true;
    });
    for (let sent = 0; sent < 80_000_000 && !isClosed; sent += pings.length) {
      if (!socket.write(pings)) await new Promise((resolve) => setImmediate(resolve));
      if (socket.writableLength > 1_000_000) await until(() => socket.writableLength < 500_000);
    }
    expect(process.memoryUsage().rss - before).to.be.lessThan(200_000_000);
  });
});
