/** The places of connections that have not said yet which node they are. */
import { Socket } from 'node:net';
import { expect } from 'chai';
import { PeerAddresses } from '../../../../src/consensus/raft/transport/peer-addresses.js';
import {
  type StrangerFault,
  UnidentifiedConnections,
} from '../../../../src/consensus/raft/transport/unidentified-connections.js';

describe('connections that have not said which node they are', () => {
  let peers: PeerAddresses;
  let places: UnidentifiedConnections;
  let opened: Socket[];
  let faults: StrangerFault[];

  beforeEach(() => {
    opened = [];
    faults = [];
    peers = new PeerAddresses();
    places = new UnidentifiedConnections(peers, (_address, fault) => faults.push(fault));
  });

  afterEach(() => {
    for (const socket of opened) places.remove(socket);
  });

  function open(address: string): Socket {
    const socket = new Socket();
    opened.push(socket);
    places.add(socket, address);
    return socket;
  }

  function flood(connections: number): void {
    for (let at = 0; at < connections; at++) open(`10.0.${at >> 8}.${at & 255}`);
  }

  it('have 64 places, and the oldest leaves first', () => {
    const [oldest, next] = [open('192.0.2.1'), open('192.0.2.2')];
    flood(63);
    expect([oldest.destroyed, next.destroyed]).to.deep.equal([true, false]);
    expect(places.sockets).to.have.length(64);
    expect(faults).to.deep.equal(['room']);
  });

  it('do not lose them to others when they come from the address of a peer', () => {
    peers.reached('node:1', '192.0.2.1');
    const ofPeer = open('::ffff:192.0.2.1');
    flood(1000);
    expect(ofPeer.destroyed).to.equal(false);
    expect(places.sockets).to.have.length(65);
  });

  it('have 16 places of one address, also of that of a peer', () => {
    peers.reached('node:1', '192.0.2.1');
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const ofAddress = Array.from({ length: 20 }, () => open(address));
      expect(ofAddress.filter(({ destroyed }) => destroyed)).to.deep.equal(ofAddress.slice(0, 4));
    }
  });
});
