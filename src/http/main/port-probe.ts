/**
 * Checks that the HTTP port is free. uWebSockets shares ports (SO_REUSEPORT), so that a second
 * freno would otherwise start on the same port without an error.
 */
import { createServer } from 'node:net';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { DoorSettings } from '../../contracts/http.js';

/**
 * Listens on the port for a moment, on that address or on all, and resolves with its number (port
 * 0: one that the system chose). Rejects with `RESOURCE` when it is taken.
 */
export function probePort(port: number, address = '', key = 'ListenPort'): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(portError(port, reasonOf(error), key)),
    );
    const host = address === '' ? {} : { host: address };
    probe.listen({ port, exclusive: true, ...host }, () => {
      const bound = probe.address();
      const found = typeof bound === 'object' && bound !== null ? bound.port : port;
      probe.close(() => resolve(found));
    });
  });
}

interface Listeners {
  readonly listenPort: number;
  /** Empty: all. */
  readonly listenAddress: string;
  readonly door: Pick<DoorSettings, 'adminListen'>;
}

/** Of all addresses on which the service listens; resolves as `probePort` of the first. */
export async function probePorts({ listenPort, listenAddress, door }: Listeners): Promise<number> {
  const port = await probePort(listenPort, listenAddress);
  const { adminListen } = door;
  if (adminListen !== null) await probePort(adminListen.port, adminListen.host, 'AdminListen');
  return port;
}

export function portError(port: number, reason: string, key = 'ListenPort'): FrenoError {
  return new FrenoError('RESOURCE', `${key}: cannot listen on port ${port}: ${reason}`);
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return 'it is taken by another process; stop it or choose another';
  if (error.code === 'EADDRNOTAVAIL') return 'the address is none of this machine';
  if (error.code === 'EACCES') return 'not permitted; choose a port above 1023';
  return messageOf(error);
}
