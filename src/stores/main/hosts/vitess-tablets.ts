/** Tablets as vtctld's HTTP API lists them (Vitess, go/vt/vtctld/api.go). */
import { z } from 'zod';
import { jsonElements } from './json-elements.js';

/** The result of vtctld's health check of a tablet; absent in versions that make none. */
const statsSchema = z.looseObject({
  last_error: z.unknown().optional(),
  realtime: z.unknown().optional(),
});

/** 0: not given. */
const portNumber = z.int().min(0).max(65_535);

const tabletSchema = z.looseObject({
  alias: z.looseObject({ cell: z.string().default(''), uid: z.number().default(0) }).nullish(),
  type: z.union([z.number(), z.string()]).nullish(),
  hostname: z.string().nullish(),
  mysql_hostname: z.string().nullish(),
  mysql_port: portNumber.nullish(),
  port_map: z.looseObject({ mysql: portNumber.nullish() }).nullish(),
  stats: statsSchema.nullish(),
});

/**
 * A tablet with fields that are not as expected: what cannot be read is taken for what makes it
 * count, because it may be in use.
 */
const oddTabletSchema = tabletSchema.extend({
  alias: z
    .looseObject({ cell: z.string().catch(''), uid: z.number().catch(0) })
    .nullish()
    .catch(null),
  type: tabletSchema.shape.type.catch('REPLICA'),
  hostname: tabletSchema.shape.hostname.catch(null),
  mysql_hostname: tabletSchema.shape.mysql_hostname.catch(null),
  mysql_port: tabletSchema.shape.mysql_port.catch(null),
  port_map: tabletSchema.shape.port_map.catch(null),
  stats: tabletSchema.shape.stats.catch(null),
});

/** Of all types and cells. */
const TABLETS_MAX = 20_000;

export interface Tablet {
  /** `cell-uid`. */
  readonly alias: string;
  /** Empty: not given. */
  readonly cell: string;
  readonly type: 'replica' | 'other';
  /** Of its MySQL server; empty: not given. */
  readonly host: string;
  /** 0: not given. */
  readonly port: number;
  readonly isHealthy: boolean;
  /** The field that could not be read, and why; empty: none. */
  readonly oddField: string;
}

/** `topodata.TabletType`: 1 is PRIMARY, 2 REPLICA, 3 RDONLY. */
const TYPE_REPLICA = 2;

/** Parses a response body. Throws when it is not a list of tablets, or of too many. */
export async function parseTablets(body: Buffer): Promise<Tablet[]> {
  const tablets: Tablet[] = [];
  for await (const row of jsonElements(body)) {
    tablets.push(readTablet(row));
    if (tablets.length > TABLETS_MAX) throw new Error(`more than ${TABLETS_MAX} tablets`);
  }
  return tablets;
}

function readTablet(row: unknown): Tablet {
  const { data, error } = tabletSchema.safeParse(row);
  if (error === undefined) return tabletOf(data, '');
  const [issue] = error.issues;
  const oddField = `${issue?.path.join('.') || 'row'}: ${issue?.message}`;
  return tabletOf(oddTabletSchema.safeParse(row).data ?? { type: 'REPLICA' }, oddField);
}

function tabletOf(tablet: z.output<typeof tabletSchema>, oddField: string): Tablet {
  const { alias, type, stats } = tablet;
  const isReplica = typeof type === 'string' ? /^replica$/i.test(type) : type === TYPE_REPLICA;
  return {
    alias: `${alias?.cell ?? ''}-${alias?.uid ?? ''}`,
    cell: alias?.cell ?? '',
    type: isReplica ? 'replica' : 'other',
    host: tablet.mysql_hostname || tablet.hostname || '',
    port: tablet.mysql_port || tablet.port_map?.mysql || 0,
    isHealthy: stats == null || (!stats.last_error && stats.realtime != null),
    oddField,
  };
}
