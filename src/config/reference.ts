/**
 * The reference of the configuration, made from its schema: a page for people, a JSON Schema for
 * editors.
 */
import { z } from 'zod';
import { METRICS_MAX, STORE_METRICS_MAX, STORES_MAX } from '../base/limits.js';
import { configSchema, topLevelGroups } from './schema.js';
import { bare, schemaAt } from './schema-walk.js';

/** The parts of a JSON Schema that the page shows. */
interface Described {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: Described;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The JSON Schema (draft 7) of a configuration file, as a value. */
export function jsonSchema(): object {
  const { $schema, ...rest } = toJsonSchema(configSchema);
  return { $schema, title: 'Configuration of freno', ...rest };
}

/** `docs/configuration.md`. */
export function configurationPage(): string {
  return [introduction(), ...topLevelSections(), STORES, ...storesSections()].join('\n');
}

function liveKeys(): string {
  const live = Object.entries(configSchema.shape).filter(([, schema]) => schema.meta()?.live);
  return live.map(([key]) => `\`${key}\``).join(', ');
}

function toJsonSchema(schema: z.core.$ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-07',
    override: ({ jsonSchema }) => {
      for (const ours of ['secret', 'credentials', 'live', 'digits']) delete jsonSchema[ours];
    },
  });
}

function topLevelSections(): string[] {
  return Object.entries<Shape>(topLevelGroups).flatMap(([title, shape]) => [
    section(`## ${title}`, AFTER_TABLE[title] ?? '', shape),
    ...(SUBSECTIONS[title]?.() ?? []),
  ]);
}

const SUBSECTIONS: Readonly<Record<string, () => string[]>> = {
  Raft: () => [section('### RaftTLS', '', shapeAt(['RaftTLS']))],
  Domain: () => [section('### ShareDomainTLS', '', shapeAt(['ShareDomainTLS']))],
  Service: () => [section('### ListenTLS', '', shapeAt(['ListenTLS']))],
  Throttling: () => [section('### Apps', APP, shapeAt(['Apps', '<name>']))],
  'Who may do what': () => [
    section('### Access', '', shapeAt(['Access'])),
    section('### Access.Tokens', TOKEN, shapeAt(['Access', 'Tokens', '0'])),
    section('### Access.Certificates', '', shapeAt(['Access', 'Certificates', '0'])),
  ],
};

function storesSections(): string[] {
  const mysql = ['Stores', 'MySQL'];
  const cluster = [...mysql, 'Clusters', '<name>'];
  const metric = [...mysql, 'Metrics', '<name>'];
  return [
    section('## Stores.MySQL', '', shapeAt(mysql)),
    section('## Stores.MySQL.Clusters.&lt;name&gt;', CLUSTER, shapeAt(cluster)),
    ...['HAProxySettings', 'ProxySQLSettings', 'VitessSettings', 'StaticHostsSettings'].map((key) =>
      section(`### ${key}`, '', shapeAt([...cluster, key])),
    ),
    section('## Metrics', METRIC, shapeAt(metric)),
    section('### Prometheus', '', shapeAt([...metric, 'Prometheus'])),
    section('## CatchUp', '', shapeAt([...mysql, 'CatchUp'])),
    section('## TLS', TLS, shapeAt([...mysql, 'TLS'])),
  ];
}

function shapeAt(path: readonly string[]): Shape {
  const schema = schemaAt(path);
  const inner = schema && bare(schema);
  if (!(inner instanceof z.ZodObject)) throw new Error(`no object at ${path.join('.')}`);
  return inner.shape;
}

function section(title: string, prose: string, shape: Shape): string {
  const rows = Object.entries(shape).map(([key, schema]) => row(key, toJsonSchema(schema)));
  const table = ['| Key | Value | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
  return `${title}\n\n${table}\n${prose === '' ? '' : `\n${prose}\n`}`;
}

function row(key: string, schema: Described): string {
  const cells = [`\`${key}\``, valueText(schema), defaultText(schema), schema.description ?? ''];
  return `| ${cells.join(' | ')} |`;
}

function valueText(schema: Described): string {
  if (schema.enum) return schema.enum.map((each) => `\`"${each}"\``).join(', ');
  switch (schema.type) {
    case 'integer':
      return `whole number${rangeText(schema)}`;
    case 'number':
      return `number${rangeText(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return schema.items?.type === 'object' ? 'list of objects' : 'list of strings';
    default:
      return schema.type ?? '';
  }
}

function rangeText({ minimum, maximum }: Described): string {
  if (maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER) return `, from ${minimum}`;
  return `, ${minimum} to ${maximum}`;
}

function defaultText({ default: value }: Described): string {
  return value === undefined || typeof value === 'object'
    ? emptyText(value)
    : `\`${JSON.stringify(value)}\``;
}

function emptyText(value: unknown): string {
  return Array.isArray(value) ? `\`${JSON.stringify(value)}\`` : '';
}

const introduction = () => `# Configuration

<!-- Made by "npm run docs:config" from the schema in src/config. Do not edit. -->

freno reads one JSON file: the one that \`--config FILE\` names,
otherwise \`/etc/freno.conf.json\` and then \`conf/freno.conf.json\`.
If both of these exist, both are read, and the later overrides the earlier key by key;
lists and clusters are replaced as a whole.
The flags \`--http-port\`, \`--raft-datadir\`, \`--raft-bind\`, \`--raft-nodes\` and
\`--enable-profiling\` override the file, before it is validated.
\`--force-leadership\` and \`--force-new-cluster\` are for emergencies:
see [Recover from a lost majority](raft.md#recover-from-a-lost-majority).

- A mistake stops the start: an unknown key, a wrong type, a value out of bounds.
  All mistakes are reported at once, one per line, each with the path of its key.
- \`\${NAME}\` in a string is replaced by the environment variable of that name, anywhere in it.
  A variable that is not set counts as empty, with a warning.
  Other forms, such as \`$NAME\`, are used as they are;
  where one is the whole value, with a warning.
- Values that are valid and most likely mistakes are warnings, at the start and at a reload:
  no \`ThrottleThreshold\`, no cluster, one node or an even number in \`RaftNodes\`,
  placeholders of the samples.
- A key in another case (\`listenport\`) is accepted with a warning.
  \`null\` is the same as no key.
- \`DefaultRaftPort\`, and no other number, may also be written as a string of digits,
  because a widespread sample file has it so.
- Passwords are never logged, nor shown in an error.
- Editors complete and check the file with \`resources/freno.schema.json\`:
  \`"$schema": "/path/to/freno.schema.json"\`.

Samples: \`resources/freno.conf.skeleton.json\`, \`resources/freno.conf.sample.json\` (Raft),
\`resources/freno.conf.sample.mysql-backend.json\`,
\`resources/freno.conf.sample.hardened.json\` ([Security](security.md#a-hardened-configuration)).

## Reload the configuration

On SIGHUP the file is read again.
${liveKeys()} (with all below them) take effect at once.
Every other key needs a restart, and the log names it if it changed.
A file with mistakes changes nothing.
[Metrics](metrics.md#configuration) show how the latest reload ended and what is in force.
`;

const AFTER_TABLE: Readonly<Record<string, string>> = {
  Raft: `An address without port takes \`DefaultRaftPort\`.
Two addresses name the same node if they are written the same, whatever the case:
a name and its IP address name two nodes.
A node that listens on every interface (\`"RaftBind": "0.0.0.0:10008"\`)
says with \`RaftAdvertise\` which of \`RaftNodes\` it is.

An election takes place after one to two times \`RaftElectionMillis\` without a leader:
for that long a crash of the leader goes unnoticed.
Set it to several times the slowest round trip between the nodes,
plus the longest pause of their machines under load; the default suits nodes of one region.
A longer time fails over later; a shorter one causes needless elections.
[Raft](raft.md#time-outs) says more.`,
  'MySQL backend': `If \`BackendMySQLHost\` is set, the backend decides who leads
and stores throttled apps and skipped hosts; the keys of Raft are not used.
\`Domain\` and \`ShareDomain\` then have at most 32 characters.
[MySQL backend](mysql-backend.md) says more.`,
};

const STORES = `## Stores

The probed clusters: \`"Stores": {"MySQL": {…, "Clusters": {"prod4": {…}}}}\`.
[Stores](stores.md) says more.
`;

const CLUSTER = `The name is the \`<storeName>\` of checks.
It is not empty and contains no \`/\`.
There are at most ${STORES_MAX} clusters.

A cluster names one source of hosts.
If it names several, the first of \`HAProxySettings\`, \`ProxySQLSettings\`, \`VitessSettings\`,
\`StaticHostsSettings\` counts.
If it names none, it is accepted with a warning, and its checks have no value.`;

const APP = `These are the keys of one app.
A key that is not set leaves what holds for every app.
[Metrics of stores](metrics-of-stores.md#rules-per-app) says more.`;

const TOKEN = `\`freno token create NAME --role check --app 'archiver-*'\` prints a token
and its entry.
[Security](security.md#access) says what each role may do.`;

const METRIC = `These are the keys of one metric;
they are the same in \`Metrics\` of \`Stores.MySQL\` and of a cluster.
A name has lower-case letters, digits, \`_\`, \`.\` and \`-\`, at most 64 characters;
a cluster has at most ${STORE_METRICS_MAX} metrics with its own,
all clusters together ${METRICS_MAX}.
A key that is set counts, also as 0 or as an empty list, but where the table says otherwise.
[Metrics of stores](metrics-of-stores.md) says more.`;

const TLS = `The keys are the same in \`Stores.MySQL.TLS\`, in \`TLS\` of a cluster or a metric,
in \`HttpCheckTLS\` of these places, in \`BackendMySQLTLS\` and in \`MemcacheTLS\`.
A cluster inherits from the same key of \`Stores.MySQL\` what it does not set
(a certificate together with its key); \`{"Enabled": false}\` turns encryption off for it.
Certificates are verified unless \`SkipVerify\` is set.
A file that cannot be read, or does not contain what its key says, stops the start or the reload,
with the path of its key.`;
