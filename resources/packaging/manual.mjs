/** freno(1), from the help texts of the program itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export async function manualPage({ source, version, epochSeconds }) {
  const load = (path) => import(pathToFileURL(join(source, 'dist/src', path)).href);
  const { usage } = await load('config/commandline.js');
  const date = new Date(epochSeconds * 1000).toISOString().slice(0, 10);
  const lines = [
    `.TH FRENO 1 "${date}" "freno ${version}" "User Commands"`,
    '.SH NAME',
    'freno \\- cooperative, highly available throttler for MySQL writers',
    '.SH SYNOPSIS',
    '.B freno \\-\\-http \\-\\-config',
    '.I FILE',
    '.br',
    '.B freno',
    '.I COMMAND',
    '[options]',
    '.SH SERVICE',
    ...verbatim(usage()),
  ];
  if (existsSync(join(source, 'dist/src/cli/command-list.js'))) {
    const { COMMAND_GROUPS } = await load('cli/command-list.js');
    const { createProgram } = await load('cli/program/program.js');
    lines.push(...commandSections(COMMAND_GROUPS, await createProgram()));
  }
  lines.push(
    '.SH FILES',
    ...entry('/etc/freno.conf.json', 'The configuration of the service.'),
    ...entry('/etc/default/freno', 'Values of its ${NAMES}.'),
    ...entry('/var/lib/freno', 'What the node must not lose: RaftDataDir.'),
    '.SH SEE ALSO',
    'The documentation in /usr/share/doc/freno/docs, which begins with README.md.',
  );
  return `${lines.join('\n')}\n`;
}

function commandSections(groups, program) {
  return groups.flatMap(({ title, commands }) => [
    `.SH "${title.toUpperCase()}"`,
    ...commands.flatMap(({ name }) => {
      const command = program.commands.find((each) => each.name() === name);
      const helps = command.commands.length === 0 ? [command] : command.commands;
      return [`.SS ${name}`, ...helps.flatMap((each) => verbatim(helpOf(each)))];
    }),
  ]);
}

function helpOf(command) {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 76 });
  command.outputHelp();
  return text.trim();
}

/** A name in bold, and an indented text. */
function entry(name, text) {
  return ['.TP', `.B ${escaped(name)}`, escaped(text)];
}

function verbatim(text) {
  return ['.nf', ...text.trimEnd().split('\n').map(escaped), '.fi'];
}

/** A backslash, a hyphen, and a line that would be read as a request. */
function escaped(line) {
  return line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^(?=[.'])/, '\\&');
}
