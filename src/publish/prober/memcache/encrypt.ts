/**
 * TLS for a connection of the package `memcache`, which has none: its socket stays the one that the
 * package reads and writes, and what passes through it is encrypted.
 */
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';

/**
 * Resolves when the server has proved who it is; nothing may be written before. Rejects with the
 * reason. `onError` gets later errors; the socket is closed with them.
 */
export function encrypt(
  socket: Socket,
  options: ConnectionOptions,
  onError: (error: Error) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const encrypted = connect({ ...options, socket });
    encrypted.once('secureConnect', resolve);
    encrypted.on('error', (error) => {
      reject(error);
      onError(error);
    });
    encrypted.on('close', () => socket.destroy());
    socket.once('timeout', () => reject(new Error('no TLS handshake in time')));
    // The socket itself emits no data any more: TLS reads below it.
    encrypted.on('data', (chunk: Buffer) => socket.emit('data', chunk));
    Object.assign(socket, { write: encrypted.write.bind(encrypted) });
  });
}
