/**
 * What consensus rests on besides the log, in one row under one checksum: term and vote, the
 * lockout, whose directory it is, and which cluster's. Its version counts the writes, so that the
 * side file (`synced-file.ts`) can tell a row from an older copy of it.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { HardState, NodeId } from '../core/types.js';
import type { SqlRow, SqlValue } from './connection.js';
import { DamagedLogError, integer } from './errors.js';

export const FILE_ID_BYTES = 8;

export interface NodeState {
  /** Drawn when the file was created, in hexadecimal digits. */
  readonly fileId: string;
  /** 1 in a new file, and one more with each write of the row. */
  readonly version: number;
  readonly clusterName: string;
  readonly node: NodeId;
  /**
   * The nodes of the cluster that the data were used with last, this one included; null: not known
   * (the file is of format 1 and was not used since).
   */
  readonly nodes: readonly NodeId[] | null;
  /** The identity that the cluster got at its birth; null: not known here yet. */
  readonly clusterId: string | null;
  /** The node has lost its data, or never had any: see `InitialState.joining`. */
  readonly joining: boolean;
  /** The longest lockout of earlier runs that may still hold; 0: there is none. */
  readonly lockoutMs: number;
  readonly hardState: HardState;
}

/** Of the row, in the order of the table. */
export const NODE_STATE_COLUMNS =
  'file_id, version, cluster_name, node, nodes, cluster_id, joining, lockout_ms, term, vote, ' +
  'checksum';

export function newFileId(): string {
  return randomBytes(FILE_ID_BYTES).toString('hex');
}

export function nodeStateChecksum(state: NodeState): number {
  return crc32(JSON.stringify(valuesOf(state)));
}

/** In the order of the columns. */
export function nodeStateRow(state: NodeState): SqlValue[] {
  return [...valuesOf(state), nodeStateChecksum(state)];
}

function valuesOf(state: NodeState): SqlValue[] {
  const { nodes, hardState } = state;
  return [
    state.fileId,
    state.version,
    state.clusterName,
    state.node,
    nodes === null ? null : JSON.stringify(nodes),
    state.clusterId,
    state.joining ? 1 : 0,
    state.lockoutMs,
    hardState.term,
    hardState.vote,
  ];
}

/** Throws `DamagedLogError`. */
export function nodeStateOf(row: SqlRow): NodeState {
  const version = integer(row, 'version');
  const lockoutMs = integer(row, 'lockout_ms');
  const term = integer(row, 'term');
  const { file_id, cluster_name, node, cluster_id, nodes, vote } = row;
  const values = [file_id, version, cluster_name, node, nodes, cluster_id, row.joining, lockoutMs];
  if (crc32(JSON.stringify([...values, term, vote])) !== row.checksum) {
    throw new DamagedLogError('the checksum of its term and vote is wrong');
  }
  return {
    fileId: file_id as string,
    version,
    clusterName: cluster_name as string,
    node: node as NodeId,
    nodes: nodes === null ? null : (JSON.parse(nodes as string) as NodeId[]),
    clusterId: cluster_id as string | null,
    joining: row.joining !== 0,
    lockoutMs,
    hardState: { term, vote: vote as NodeId | null },
  };
}
