/** What every command runs with: the servers and the output, from its options. */
import { type Output, processOutput } from './output/output.js';
import { fetchWith } from './servers/https-fetch.js';
import { ServerGroup } from './servers/server-group.js';
import { type NamedServers, serverList } from './servers/server-list.js';

/** Options that every command with a server has. */
export interface CommonOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export interface CommandContext {
  readonly servers: NamedServers;
  readonly group: ServerGroup;
  readonly output: Output;
}

export function contextOf(options: CommonOptions): CommandContext {
  const { server, tokenFile, json, ca, cert, key } = options;
  const servers = { ...serverList(server, tokenFile), fetch: fetchWith({ ca, cert, key }) };
  return { servers, group: new ServerGroup(servers), output: processOutput(json === true) };
}
