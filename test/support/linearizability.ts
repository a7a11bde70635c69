/**
 * Whether a history of one register is linearizable: whether each operation can be given one instant between its call and
 * its return such that every read sees the write before it. Search after Wing and Gong (1993), with the memory of visited
 * configurations of Lowe (2017), as porcupine does it; one register at a time, since linearizability composes (Herlihy and Wing, 1990).
 */

export interface Operation<Value> {
  readonly kind: 'write' | 'read';
  /** What was written, or what the read answered. */
  readonly value: Value;
  readonly calledAtMs: number;
  /** Infinity: the outcome is unknown; a write may take effect at any later time, or never. */
  readonly returnedAtMs: number;
}

/** `initial`: what the register holds before the first write. Values are compared by `===`. */
export function isLinearizable<Value>(
  history: readonly Operation<Value>[],
  initial: Value,
): boolean {
  const operations = history
    .filter(
      ({ kind, returnedAtMs }) => kind === 'write' || returnedAtMs !== Number.POSITIVE_INFINITY,
    )
    .sort((left, right) => left.calledAtMs - right.calledAtMs);
  return search(operations, 0n, initial, new Set());
}

/** Whether what is not yet `done` (a bit per operation) can follow on a register that holds `value`. */
function search<Value>(
  operations: readonly Operation<Value>[],
  done: bigint,
  value: Value,
  visited: Set<string>,
): boolean {
  const configuration = `${done} ${value}`;
  if (visited.has(configuration)) return false;
  visited.add(configuration);
  const open = operations
    .map((operation, index) => ({ operation, bit: 1n << BigInt(index) }))
    .filter(({ bit }) => (done & bit) === 0n);
  const firstReturnMs = Math.min(...open.map(({ operation }) => operation.returnedAtMs));
  if (firstReturnMs === Number.POSITIVE_INFINITY) return true;
  return open.some(({ operation, bit }) => {
    if (operation.calledAtMs > firstReturnMs) return false;
    if (operation.kind === 'write') {
      return search(operations, done | bit, operation.value, visited);
    }
    return operation.value === value && search(operations, done | bit, value, visited);
  });
}
