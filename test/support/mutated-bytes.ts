/** Bytes as a faulty or malicious peer might send them. */
import type { SeededRandom } from './random.js';

/** The bytes with a few of them changed, cut, doubled or moved. */
export function mutatedBytes(bytes: Buffer, random: SeededRandom): Buffer {
  let mutant = Buffer.from(bytes);
  for (let change = 1 + random.below(4); change > 0; change--) {
    const at = random.below(Math.max(1, mutant.length));
    switch (random.below(5)) {
      case 0:
        if (mutant.length > 0) mutant[at] = random.below(256);
        break;
      case 1:
        mutant = mutant.subarray(0, at);
        break;
      case 2:
        mutant = Buffer.concat([mutant, mutant.subarray(at)]);
        break;
      case 3:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + 1)]);
        break;
      default:
        if (mutant.length > 0) mutant[at] = random.chance(0.5) ? 0xff : 0;
    }
  }
  return mutant;
}
