/** What is wrong with a node, in words. */
import type { NodeRow } from './topics.js';

export function nodeFaultText({ Error: fault, Refused: refused = '' }: NodeRow): string {
  const texts = fault === '' ? [] : [fault];
  if (refused !== '') texts.push(`! refused a connection in its name, of ${refused}`);
  return texts.join('; ');
}
