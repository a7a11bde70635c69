/** The shipped reference of the commands is that of the program. */
import { expect } from 'chai';
import { COMMAND_GROUPS } from '../../src/cli/command-list.js';
import { createProgram } from '../../src/cli/program/program.js';
import { commandLinePage } from '../../src/cli/reference.js';
import { runCommand } from '../support/freno-command.js';
import { readFromRoot } from '../support/sources.js';

describe('the reference of the commands', () => {
  it('docs/cli.md matches the program', async () => {
    const isSame = readFromRoot('docs/cli.md') === (await commandLinePage());
    expect(isSame, 'docs/cli.md is stale: run "npm run docs:cli"').to.equal(true);
  });

  it('lists every command that is defined', async () => {
    const program = await createProgram();
    const visible = program.createHelp().visibleCommands(program);
    const listed = COMMAND_GROUPS.flatMap(({ commands }) => commands.map(({ name }) => name));
    expect(visible.map((command) => command.name())).to.have.members([...listed, 'help']);
  });

  it('is what the program prints', async () => {
    const { code, stdout } = await runCommand(['help', 'run']);
    expect(code).to.equal(0);
    const words = (text: string): string => text.replace(/\s+/g, ' ').trim();
    expect(words(await commandLinePage())).to.include(words(stdout));
  });
});
