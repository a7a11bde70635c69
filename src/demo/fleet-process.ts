/** Entry of the child process that runs the simulated servers. */
import { monotonicMs } from '../base/clock.js';
import type { FleetProtocol, FleetStatistics, ServerChange } from './fleet.js';
import { SimulatedMySQL } from './simulated-mysql.js';
import { serve } from './subprocess.js';

const servers: SimulatedMySQL[] = [];

serve<FleetProtocol>({
  async start(options) {
    for (const option of options) servers.push(await SimulatedMySQL.listen(option));
    return servers.map(({ host, port }) => ({ host, port }));
  },
  async change(changes) {
    await Promise.all(changes.map(change));
    return monotonicMs();
  },
  statistics,
});

async function change({ server: index, value, fault }: ServerChange): Promise<void> {
  const server = servers[index];
  if (server === undefined) throw new RangeError(`there is no server ${index}`);
  if (value !== undefined) server.setValue(value);
  if (fault !== undefined) await server.setFault(fault);
}

function statistics(): FleetStatistics {
  const { user, system } = process.cpuUsage();
  return {
    queries: servers.reduce((sum, server) => sum + server.queries, 0),
    accepted: servers.reduce((sum, server) => sum + server.accepted, 0),
    connections: servers.reduce((sum, server) => sum + server.connections, 0),
    cpuMicros: user + system,
  };
}
