/** The table of the stores: what the leader judges, and nothing that the client works out. */
import { expect } from 'chai';
import type { ServerGroup } from '../../src/cli/servers/server-group.js';
import { isWaitedFor, readStores, storeJson, storeLines } from '../../src/cli/views/stores.js';

const unpainted = { paint: (_tone: string, text: string): string => text };

/** What a server answers to the paths that the table is made of. */
function serverWith(stores: object, inventory: object = {}): ServerGroup {
  const bodies: Readonly<Record<string, object>> = {
    '/stores': { Leading: true, Stores: stores },
    '/inventory': inventory,
  };
  const ask = async (path: string) => ({
    server: 'http://freno',
    status: 200,
    text: JSON.stringify(bodies[path]),
  });
  return { ask } as unknown as ServerGroup;
}

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString();

const enforced = { Mode: 'enforce', Threshold: 1 };
const stores = () => ({
  'mysql/fine': { Metrics: [{ Metric: 'lag', ...enforced, State: 'within', Value: 0.2 }] },
  'mysql/main': {
    Metrics: [
      {
        Metric: 'lag',
        ...enforced,
        State: 'above',
        Value: 1.142,
        Host: 'db7:3306',
        Since: ago(40),
      },
      { Metric: 'queue', Mode: 'observe', Threshold: 3, State: 'above', Value: 5, Since: ago(62) },
    ],
  },
  'mysql/raised': {
    Metrics: [
      {
        Metric: 'lag',
        Mode: 'enforce',
        State: 'within',
        Value: 3,
        Threshold: 5,
        ConfiguredThreshold: 1,
        SetUntil: ago(-600),
      },
    ],
  },
  'mysql/unread': {
    Metrics: [
      { Metric: 'lag', ...enforced, State: 'error', Error: 'No hosts found', Since: ago(20) },
    ],
  },
});

describe('the table of the stores', () => {
  it('has the state, the threshold and the host of the server, the worst first', async () => {
    const inventory = { main: { Hosts: ['db7:3306', 'db8:3306'], SkippedHosts: ['db9:3306'] } };
    const views = await readStores(serverWith(stores(), inventory));
    expect(storeLines(unpainted, views)).to.deep.equal([
      'STORE               VALUE  THRESHOLD  HOST      HOSTS         STATE',
      'mysql/unread            -        1 s  -                       No hosts found for 20 s',
      'mysql/main        1.142 s        1 s  db7:3306  2, 1 skipped  above for 40 s',
      'mysql/main/queue        5          3  -                       above for 62 s, only observed',
      'mysql/fine          0.2 s        1 s  -                       within',
      'mysql/raised          3 s        5 s  -                       within, threshold set',
    ]);
    expect(views.filter(isWaitedFor).map(({ name }) => name)).to.deep.equal([
      'mysql/unread',
      'mysql/main',
    ]);
    expect(storeJson(views[1]!)).to.include({ Store: 'mysql/main', State: 'above', Value: 1.142 });
  });

  it('says so when the server that was asked has read nothing', async () => {
    const unknown = { Metrics: [{ Metric: 'lag', ...enforced, State: 'unknown' }] };
    const lines = storeLines(unpainted, await readStores(serverWith({ 'mysql/main': unknown })));
    expect(lines.slice(1)).to.deep.equal([
      'mysql/main      -        1 s  -            unknown',
      'no store has a value: this node does not lead, or has read none',
    ]);
    expect(storeLines(unpainted, await readStores(serverWith({})))).to.deep.equal([
      'no store is configured',
    ]);
  });
});
