/** The completion script for zsh. */
import type { CompletedCommand, CompletedOption } from './words.js';

export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef freno
# Completion of freno in zsh:  source <(freno completion zsh)
_freno_names() {
  local kind
  local -a found
  for kind in "$@"; do
    if [[ $kind == files ]]; then _files
    else
      found=(\${(f)"$(freno names $kind 2>/dev/null)"})
      compadd -a found
    fi
  done
}

_freno() {
  local separator=\${words[(i)--]}
  # What follows -- is the command of freno run.
  if (( separator < CURRENT )); then
    shift $separator words
    (( CURRENT -= separator ))
    _normal
    return
  fi
${choice(commands, 2)}
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _freno "$@"; else compdef _freno freno; fi
`;
}

/** Completes one of the commands, or what follows it. */
function choice(commands: readonly CompletedCommand[], indent: number): string {
  const blank = ' '.repeat(indent);
  const described = commands.map(
    ({ name, description }) => `${blank}    ${quoted(`${name}:${description}`)}`,
  );
  return [
    `${blank}if (( CURRENT == 2 )); then`,
    `${blank}  local -a commands=(`,
    ...described,
    `${blank}  )`,
    `${blank}  _describe command commands`,
    `${blank}  return`,
    `${blank}fi`,
    `${blank}shift words`,
    `${blank}(( CURRENT-- ))`,
    `${blank}case $words[1] in`,
    ...commands.flatMap((command) => [
      `${blank}  ${command.name})`,
      command.subcommands.length > 0
        ? choice(command.subcommands, indent + 4)
        : argumentsOf(command, indent + 4),
      `${blank}    ;;`,
    ]),
    `${blank}esac`,
  ].join('\n');
}

function argumentsOf({ options, names, words }: CompletedCommand, indent: number): string {
  const specs = [
    ...options.map(optionSpec),
    ...(names.length > 0 ? [`*:name:_freno_names ${names.join(' ')}`] : []),
    ...(words.length > 0 ? [`1:word:(${words.join(' ')})`] : []),
  ];
  const blank = ' '.repeat(indent);
  return `${blank}_arguments \\\n${specs.map((spec) => `${blank}  ${quoted(spec)}`).join(' \\\n')}`;
}

function optionSpec({ flag, takesValue, description }: CompletedOption): string {
  const text = description.replace(/[[\]:\\]/g, '\\$&');
  return takesValue ? `${flag}=[${text}]:value: ` : `${flag}[${text}]`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
