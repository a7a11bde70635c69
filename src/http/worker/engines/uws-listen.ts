/** How an app of uWebSockets.js listens. */
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Listening } from './engine.js';

/** Options of `listen` (`LIBUS_LISTEN_…`), which the types of the package do not declare. */
const LISTEN_SHARED = 0;
const LISTEN_EXCLUSIVE_PORT = 1;

/** As it is: the types of the package do not declare address and options together. */
interface NativeListener {
  listen(
    ...where: [
      ...address: string[],
      port: number,
      options: number,
      done: (socket: us_listen_socket | false) => void,
    ]
  ): void;
}

/** Rejects with the reason. */
export function listenWith(
  app: TemplatedApp,
  { port, address, exclusive }: Listening,
): Promise<us_listen_socket> {
  const options = exclusive ? LISTEN_EXCLUSIVE_PORT : LISTEN_SHARED;
  const native = app as unknown as NativeListener;
  return new Promise((resolve, reject) => {
    native.listen(...(address === '' ? [] : [address]), port, options, (socket) => {
      if (socket === false) reject(new Error('the port is taken, or not permitted'));
      else resolve(socket);
    });
  });
}
