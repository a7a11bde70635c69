/**
 * The command-line library, which is CommonJS: to import it, Node.js would first search its text
 * for exports, which takes longer than to run it.
 */
import { createRequire } from 'node:module';

export const commander: typeof import('commander') = createRequire(import.meta.url)('commander');
