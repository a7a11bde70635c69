/**
 * Warnings about a valid configuration that is most likely not what its author wants: freno would
 * start, and no check would ever pass, or no node could replace another. They are not mistakes, so
 * they refuse nothing. No value is quoted: any string may be a password.
 */
import { isLoopback } from '../base/address.js';
import { metricAdvice } from './advice-metrics.js';
import { clusterSettings } from './clusters.js';
import type { FrenoConfig } from './schema.js';
import { keyPath, metaAt, type Path, pathText } from './schema-walk.js';
import { raftAddress } from './settings.js';

/** Names in a line about several clusters. */
const NAMES_MAX = 5;

/** `$NAME`, `$(NAME)`, `%NAME%`, and a `${…}` whose content is not a name, as `${NAME:-x}`. */
const UNREPLACED = /^\$[A-Za-z_]\w*$|^\$\(\w+\)$|^%[A-Za-z_]\w*%$|\$\{/;

/** User or password before the `@` of an address. */
const UNREPLACED_IN_ADDRESS = /(?:^|,\s*|\/\/)[^/,@]*\$[A-Za-z_][^/,@]*@/;

/** `<address of this node>`, as in the skeleton. */
const IN_ANGLE_BRACKETS = /^\s*<[^<>]+>\s*$/;

/** Names of RFC 2606 and networks of RFC 5737 and RFC 3849. */
const RESERVED_HOST = [
  /(?:^|[/@.,\s])(?:example\.(?:com|net|org)|[\w-]+\.example)(?=[:/,\s]|$)/i,
  /(?:^|[/@,\s])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?=[:/,\s]|$)/,
  /(?:^|[/@,\s[])2001:0?db8:/i,
];

/** One line for each warning, which begins with the path of a key. */
export function advice(config: FrenoConfig): string[] {
  // A set: the items of a list share one line.
  const lines = new Set([
    ...raftAdvice(config),
    ...storeAdvice(config),
    ...metricAdvice(config),
    ...textAdvice(config, []),
  ]);
  return [...lines];
}

function raftAdvice(config: FrenoConfig): string[] {
  if (config.BackendMySQLHost !== '') return [];
  return [...sizeAdvice(config), ...peerAdvice(config)];
}

/** Loopback: only programs of this machine reach it. */
function peerAdvice(config: FrenoConfig): string[] {
  const { RaftNodes, RaftSecret, RaftSecretFile, RaftTLS, RaftBind } = config;
  const isProved = RaftSecret !== '' || RaftSecretFile !== '' || RaftTLS !== undefined;
  if (RaftNodes.length < 2 || isProved || isLoopback(raftAddress(config, RaftBind).host)) return [];
  return [
    'RaftBind: not a loopback address, and peers need not prove anything: every host that ' +
      'reaches it can participate in the cluster; set RaftTLS or RaftSecretFile',
  ];
}

function sizeAdvice({ RaftNodes }: FrenoConfig): string[] {
  const nodes = RaftNodes.length;
  if (nodes === 0) return [];
  if (nodes === 1) {
    return [
      'RaftNodes: lists only this node, so no other node takes over when it fails; ' +
        'list all nodes, or leave RaftNodes out to run a single node',
    ];
  }
  if (nodes % 2 === 1) return [];
  const majority = nodes / 2 + 1;
  const tolerated = nodes - majority;
  return [
    `RaftNodes: ${nodes} nodes need a majority of ${majority}: ` +
      (tolerated === 0
        ? 'there is no leader while either node is down; list 3 nodes'
        : `they tolerate as many failures (${tolerated}) as ${nodes - 1} nodes; ` +
          'list an odd number'),
  ];
}

function storeAdvice(config: FrenoConfig): string[] {
  const path = 'Stores.MySQL';
  const clusters = clusterSettings(config);
  if (clusters.length === 0) {
    return [`${path}.Clusters: empty, so every check fails with 404; add a cluster`];
  }
  const without = clusters.filter((cluster) => cluster.metrics[0].threshold === 0);
  if (without.length === 0) return [];
  return [
    `${path}.ThrottleThreshold: 0 or not set, and not set for ` +
      `${namesOf(without.map((cluster) => cluster.name))}: checks pass only while the metric is ` +
      '0 or less; set it here or for the cluster',
  ];
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).map((name) => JSON.stringify(name));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more clusters` : shown.join(', ');
}

/** About the strings of a configuration, and of the objects and lists in it. */
function textAdvice(value: unknown, path: Path): string[] {
  if (typeof value === 'string') {
    const what = adviceOf(value, path);
    return what === null ? [] : [`${pathText(keyPath(path))}: ${what}`];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textAdvice(item, [...path, index]));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textAdvice(item, [...path, key]));
}

function adviceOf(value: string, path: Path): string | null {
  const key = path.findLast((step) => typeof step === 'string');
  if (key === 'MetricQuery' || key === 'Query' || key === '$schema') return null;
  const { secret, credentials } = metaAt(path);
  if (UNREPLACED.test(value) || (credentials && UNREPLACED_IN_ADDRESS.test(value))) {
    return (
      'looks like an environment variable, and is used as it is; a variable is written ' +
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how variables are written in the file
      '${NAME}, with letters, digits and underscores only'
    );
  }
  if (IN_ANGLE_BRACKETS.test(value)) return 'a placeholder; replace it by a value of your own';
  if (!secret && RESERVED_HOST.some((pattern) => pattern.test(value))) {
    return 'an address reserved for documentation, as in the samples; replace it by your own';
  }
  return null;
}
