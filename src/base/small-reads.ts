/**
 * Sockets that are read in small pieces. The stream reads 64 KiB at a time into a new buffer: that
 * is much memory for a short response, and much work at once where a stranger sends without end.
 */
import { connect, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/**
 * Starts connecting, over TLS where its options are given. `readBytes`: of the one buffer into
 * which it reads. Unless `keepsChunks`, a chunk is valid during its event only.
 */
export function connectWithSmallReads(
  options: NetConnectOpts,
  readBytes: number,
  tls: ConnectionOptions | null = null,
  keepsChunks = true,
): Socket {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  let chunk = buffer;
  const onread: OnReadOpts = {
    buffer,
    callback: (bytes) => {
      // Many responses have one length.
      if (chunk.length !== bytes) chunk = buffer.subarray(0, bytes);
      socket.emit('data', keepsChunks ? Buffer.from(chunk) : chunk);
      return true;
    },
  };
  const reading = { ...options, onread };
  const socket: Socket = tls === null ? connect(reading) : connectTls({ ...reading, ...tls });
  return socket;
}
