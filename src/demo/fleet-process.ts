/** Entry of the process that simulated servers run in. It ends when its owner does. */
import { monotonicMs } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { FromFleet, ServerChange, ToFleet } from './fleet-messages.js';
import { SimulatedMySQL } from './simulated-mysql.js';

const servers: SimulatedMySQL[] = [];

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal; the owner decides when this one ends.
process.on('SIGINT', () => undefined);

process.on('message', (message: ToFleet) => {
  handle(message).then(reply, (thrown: unknown) => {
    reply({ kind: 'failed', id: message.id, message: messageOf(thrown) });
  });
});

async function handle(message: ToFleet): Promise<FromFleet> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      for (const options of message.servers) servers.push(await SimulatedMySQL.listen(options));
      return { kind: 'started', id, addresses: servers.map(({ host, port }) => ({ host, port })) };
    case 'change':
      await Promise.all(message.changes.map(change));
      return { kind: 'changed', id, atMs: monotonicMs() };
    case 'statistics':
      return { kind: 'statistics', id, statistics: statistics() };
  }
}

async function change({ server: index, value, fault }: ServerChange): Promise<void> {
  const server = servers[index];
  if (server === undefined) throw new RangeError(`there is no server ${index}`);
  if (value !== undefined) server.setValue(value);
  if (fault !== undefined) await server.setFault(fault);
}

function statistics() {
  const { user, system } = process.cpuUsage();
  return {
    queries: servers.reduce((sum, server) => sum + server.queries, 0),
    connections: servers.reduce((sum, server) => sum + server.connections, 0),
    cpuMicros: user + system,
  };
}

function reply(message: FromFleet): void {
  process.send?.(message);
}
