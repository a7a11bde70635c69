/** What every command runs with: the servers and the output, from its options. */
import { type Output, processOutput } from './output/output.js';
import { ServerGroup } from './servers/server-group.js';
import { type NamedServers, serverList } from './servers/server-list.js';

/** Options that every command with a server has. */
export interface CommonOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export interface CommandContext {
  readonly servers: NamedServers;
  readonly group: ServerGroup;
  readonly output: Output;
}

export function contextOf({ server, tokenFile, json }: CommonOptions): CommandContext {
  const servers = serverList(server, tokenFile);
  return { servers, group: new ServerGroup(servers), output: processOutput(json === true) };
}
