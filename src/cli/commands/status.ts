/** `freno status`: the nodes, the stores and what is in force, on one screen. */
import type { CommandContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import type { JsonObject } from '../servers/reply-body.js';
import { optionalObject } from '../servers/reply-body.js';
import { isReply, type NoReply, ServerGroup } from '../servers/server-group.js';
import { nodeLines } from '../views/nodes.js';
import { readStores, type StoreView, storeJson, storeLines } from '../views/stores.js';
import { type EntryList, EXEMPTED, entryTexts, SKIPPED, THRESHOLDS, THROTTLED } from './lists.js';

const IN_FORCE: ReadonlyArray<readonly [label: string, list: EntryList]> = [
  ['throttled', THROTTLED],
  ['exempted', EXEMPTED],
  ['threshold', THRESHOLDS],
  ['skipped', SKIPPED],
];

interface ClusterPicture {
  /** Null: the server is too old to know. */
  readonly cluster: JsonObject | null;
  readonly stores: readonly StoreView[];
  /** By path. */
  readonly inForce: ReadonlyMap<string, JsonObject | null>;
  /** Of those that were named. */
  readonly silent: readonly NoReply[];
}

export async function status({ servers, output }: CommandContext): Promise<number> {
  const picture = await look(new ServerGroup(servers));
  if (output.isJson) output.json(pictureJson(picture));
  else output.lines(...pictureLines(output, picture));
  return EXIT.ok;
}

async function look(group: ServerGroup): Promise<ClusterPicture> {
  const replies = await group.askEach('/lb-check');
  await group.findLeader();
  const [cluster, stores, ...lists] = await Promise.all([
    optionalObject(group, '/cluster'),
    readStores(group),
    ...IN_FORCE.map(([, { path }]) => optionalObject(group, path)),
  ]);
  return {
    cluster,
    stores,
    inForce: new Map(IN_FORCE.map(([, { path }], at) => [path, lists[at] ?? null])),
    silent: replies.filter((reply): reply is NoReply => !isReply(reply)),
  };
}

function pictureLines(
  output: Output,
  { cluster, stores, inForce, silent }: ClusterPicture,
): string[] {
  const entries = IN_FORCE.flatMap(([label, list]) => {
    const body = inForce.get(list.path) ?? {};
    return entryTexts(list, body).map((text) => `${label.padEnd(LABEL_WIDTH)}${text}`);
  });
  return [
    ...(cluster === null
      ? ['the nodes are not shown: this freno is older than the client']
      : nodeLines(output, cluster)),
    ...silent.map(({ server, reason }) => `${server} does not respond: ${reason}`),
    '',
    ...storeLines(output, stores),
    '',
    ...(entries.length === 0 ? ['nothing is in force'] : entries),
  ];
}

const LABEL_WIDTH = 11;

function pictureJson({ cluster, stores, inForce }: ClusterPicture): object {
  return {
    Cluster: cluster,
    Stores: stores.map(storeJson),
    ThrottledApps: inForce.get(THROTTLED.path),
    ExemptedApps: inForce.get(EXEMPTED.path),
    Thresholds: inForce.get(THRESHOLDS.path),
    SkippedHosts: inForce.get(SKIPPED.path),
  };
}
