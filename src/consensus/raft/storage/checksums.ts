/**
 * The checksums of the rows.
 *
 * Those of the entries form a chain: each goes on from that of the entry before it, and the first
 * from the record of the snapshot. So one number, kept apart, stands for a whole log: no old copy
 * of a page, each of whose rows is sound, can pass for a part of it.
 */
import { crc32 } from 'node:zlib';
import type { Entry, SnapshotMeta } from '../core/types.js';
import type { SqlValue } from './connection.js';

/** The chain up to and with this entry; `before`: that of the entry (or snapshot) before it. */
export function entryChain(before: number, index: number, term: number, data: Uint8Array): number {
  // The data first: zlib treats an empty buffer with a starting value as a request to start over.
  return crc32(`${before}:${index}:${term}`, crc32(data));
}

/** Index, term, data and chain of each entry; the chain up to the last one. */
export function entryRows(
  entries: readonly Entry[],
  before: number,
): { readonly parameters: SqlValue[]; readonly chain: number } {
  const parameters: SqlValue[] = [];
  let chain = before;
  for (const { index, term, data } of entries) {
    chain = entryChain(chain, index, term, data);
    parameters.push(index, term, data, chain);
  }
  return { parameters, chain };
}

/** The chain at a snapshot for which there is no entry here. */
export function chainStart({ index, term }: SnapshotMeta): number {
  return crc32(`snapshot:${index}:${term}`);
}

export function snapshotChecksum(
  { index, term }: SnapshotMeta,
  chunkCount: number,
  chain: number,
): number {
  return crc32(`${index}:${term}:${chunkCount}:${chain}`);
}

export function chunkChecksum(index: number, sequence: number, data: Uint8Array): number {
  return crc32(`${index}:${sequence}`, crc32(data));
}
