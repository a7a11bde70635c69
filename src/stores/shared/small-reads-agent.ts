/** Connections for HTTP that are read in small pieces, of which each is parsed at once. */
import { Agent, type ClientRequestArgs } from 'node:http';
import type { NetConnectOpts, Socket } from 'node:net';
import { connectWithSmallReads } from '../../base/small-reads.js';

/** Parsing a piece takes a few milliseconds at most, whatever it holds. */
const READ_BYTES = 8 * 1024;

export class SmallReadsAgent extends Agent {
  override createConnection(options: ClientRequestArgs): Socket {
    return connectWithSmallReads(options as NetConnectOpts, READ_BYTES);
  }
}
