/** What every command runs with: the servers and the output, from its options. */
import { type Output, processOutput } from './output/output.js';
import { type ReachedServers, serverList } from './servers/server-list.js';
import { transportWith } from './servers/transport.js';

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
  readonly servers: ReachedServers;
  readonly output: Output;
}

export function contextOf(options: CommonOptions): CommandContext {
  const { server, tokenFile, json, ca, cert, key } = options;
  const servers = { ...serverList(server, tokenFile), fetch: transportWith({ ca, cert, key }) };
  return { servers, output: processOutput(json === true) };
}
