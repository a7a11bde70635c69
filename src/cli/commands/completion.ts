/** `freno completion`: a script that completes commands, options and names in a shell. */
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { completedCommands } from '../completion/words.js';
import { zshScript } from '../completion/zsh.js';
import { EXIT } from '../exit-codes.js';

export type Shell = 'bash' | 'zsh' | 'fish';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export async function completion(program: Command, shell: Shell): Promise<number> {
  process.stdout.write(SCRIPTS[shell](completedCommands(program)));
  return EXIT.ok;
}
