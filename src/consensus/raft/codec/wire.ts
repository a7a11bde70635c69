/** The generated code of `proto/raft.proto` with uint64 as numbers, and checks of all codecs. */
import './numbers.js';

import { FrenoError, messageOf } from '../../../base/errors.js';
import { freno } from '../generated/raft.js';

export const wire = freno.raft;

export function protocolError(what: string): FrenoError {
  return new FrenoError('PROTOCOL', what);
}

/** `decode` of untrusted bytes: any error of the generated code becomes `PROTOCOL`. */
export function decodeUntrusted<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw protocolError(`${what} cannot be decoded: ${messageOf(error)}`);
  }
}

/** A non-negative integer that is exact; else `PROTOCOL`. */
export function exact(value: number, field: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw protocolError(`${field} is ${value}`);
  return value;
}

export function positive(value: number, field: string): number {
  if (exact(value, field) === 0) throw protocolError(`${field} is 0`);
  return value;
}

/** A copy: the byte fields that protobufjs decodes alias the receive buffer. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
