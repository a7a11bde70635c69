/** The completion script for fish. */
import type { CompletedCommand } from './words.js';

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => commandLines(command, []));
  return `# Completion of freno in fish:  freno completion fish | source
function __freno_at
    # Whether the words so far begin with these.
    set -l words (commandline -opc)
    set -e words[1]
    test (count $words) -ge (count $argv); or return 1
    for at in (seq (count $argv))
        test $words[$at] = $argv[$at]; or return 1
    end
    test (count $argv) -gt 0; or test (count $words) -eq 0
end

function __freno_names
    for kind in $argv
        freno names $kind 2>/dev/null
    end
end

complete -c freno -f
${lines.join('\n')}
`;
}

function commandLines(command: CompletedCommand, above: readonly string[]): string[] {
  const { name, description, subcommands, options, names, words } = command;
  const path = [...above, name];
  const here = `complete -c freno -n '__freno_at ${path.join(' ')}'`;
  const known = names.filter((kind) => kind !== 'files');
  return [
    `complete -c freno -n '__freno_at ${above.join(' ')}' -a ${name} -d ${quoted(description)}`,
    ...options.map(({ flag, takesValue, description: text }) => {
      const value = takesValue ? ' -x' : '';
      return `${here} -l ${flag.slice(2)}${value} -d ${quoted(text)}`;
    }),
    ...(known.length > 0 ? [`${here} -a '(__freno_names ${known.join(' ')})'`] : []),
    ...(names.includes('files') ? [`${here} -F`] : []),
    ...(words.length > 0 ? [`${here} -a '${words.join(' ')}'`] : []),
    ...subcommands.flatMap((each) => commandLines(each, path)),
  ];
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
