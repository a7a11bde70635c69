/** The real HAProxy with `resources/haproxy.cfg` in front of nodes on this machine. */
import { readFileSync } from 'node:fs';
import { freePorts } from '../../src/demo/temporary.js';
import { HAProxy } from './haproxy.js';

const SHIPPED = readFileSync(new URL('../../../resources/haproxy.cfg', import.meta.url), 'utf8');

/**
 * The shipped file with only its addresses replaced, and edited before: its `port` forwards to the
 * node that leads.
 */
export async function startShippedHAProxy(
  nodes: ReadonlyArray<{ readonly port: number }>,
  edited: (shipped: string) => string = (shipped) => shipped,
): Promise<HAProxy> {
  const [statistics] = await freePorts(1);
  return HAProxy.startFile((port, socket) => {
    const replacements: Array<readonly [from: string, to: string]> = [
      ['/run/haproxy/admin.sock', socket],
      ['bind :8087', `bind 127.0.0.1:${port}`],
      ['bind 127.0.0.1:8404', `bind 127.0.0.1:${statistics}`],
      ...nodes.map(
        (node, index) => [`192.0.2.${index + 1}:8087`, `127.0.0.1:${node.port}`] as const,
      ),
    ];
    return replacements.reduce((text, [from, to]) => {
      if (text.split(from).length !== 2) throw new Error(`haproxy.cfg must have ${from} once`);
      return text.replace(from, to);
    }, edited(SHIPPED));
  });
}
