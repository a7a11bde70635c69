/**
 * Sockets that are read in small pieces. The stream reads 64 KiB at a time into a new buffer: that
 * is much memory for a short response, and much work at once where a stranger sends without end.
 */
import { connect, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/**
 * Starts connecting, over TLS where its options are given. `readBytes`: of the one buffer into
 * which it reads.
 */
export function connectWithSmallReads(
  options: NetConnectOpts,
  readBytes: number,
  tls: ConnectionOptions | null = null,
): Socket {
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback: (bytes, buffer) => {
      // A copy: readers keep the beginning of what is not whole.
      socket.emit('data', Buffer.from(buffer.subarray(0, bytes)));
      return true;
    },
  };
  const reading = { ...options, onread };
  const socket: Socket = tls === null ? connect(reading) : connectTls({ ...reading, ...tls });
  return socket;
}
