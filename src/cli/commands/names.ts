/** `freno names`: what a completion script offers. Fast, and silent when no server responds. */
import type { CommandContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { isJsonObject, okObject } from '../servers/reply-body.js';
import { ServerGroup } from '../servers/server-group.js';

export type ListedNames = 'apps' | 'stores' | 'hosts';

/** A user waits for it while a key is pressed. */
const TIMEOUT_MS = 1_000;

export async function names(
  { servers, output }: CommandContext,
  kind: ListedNames,
): Promise<number> {
  const path = kind === 'apps' ? '/recent-apps' : '/inventory';
  const group = new ServerGroup(servers);
  const reply = await group.ask(path, { timeoutMs: TIMEOUT_MS });
  const body = await okObject(group, reply, { name: path });
  output.lines(...[...new Set(namesIn(kind, body))].sort().map(printable));
  return EXIT.ok;
}

function namesIn(kind: ListedNames, body: Readonly<Record<string, unknown>>): string[] {
  switch (kind) {
    case 'apps':
      return Object.keys(body).map((key) => key.slice(0, key.indexOf('/')));
    case 'stores':
      return Object.keys(body);
    case 'hosts':
      return Object.values(body).flatMap((cluster) =>
        isJsonObject(cluster) && Array.isArray(cluster.Hosts) ? cluster.Hosts.map(String) : [],
      );
  }
}
