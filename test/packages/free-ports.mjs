/**
 * Prints that many free ports of 127.0.0.1, a line each. They are below those that the system gives
 * to connections: such a one could be taken while a node is stopped.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
const LAST = 32_000;

const found = new Set();
while (found.size < Number(process.argv[2])) {
  const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    found.add(port);
  } catch {
    continue;
  }
  server.close();
}
for (const port of found) console.log(port);
