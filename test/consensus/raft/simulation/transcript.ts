/** Messages as a person reads them. */
import type { PeerMessage } from '../../../../src/consensus/raft/codec/messages.js';

const addressing = new Set(['from', 'to', 'kind']);

export function describe(message: PeerMessage): string {
  const fields = Object.entries(message)
    .filter(([name]) => !addressing.has(name))
    .map(([name, value]) => `${name} ${brief(value)}`);
  return `${message.kind} (${fields.join(', ')})`;
}

function brief(value: unknown): string {
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (!Array.isArray(value)) return String(value);
  const terms = value.map((item: unknown) => (isEntry(item) ? `@${item.term}` : brief(item)));
  return `[${terms.join(' ')}]`;
}

function isEntry(value: unknown): value is { readonly term: number } {
  return typeof value === 'object' && value !== null && 'term' in value && 'index' in value;
}
