/** The completion script for bash, 4 and newer. */
import type { CompletedCommand } from './words.js';

export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of freno in bash:  source <(freno completion bash)
_freno_names() {
  local kind
  for kind in "$@"; do
    if [[ $kind == files ]]; then compgen -f -- "$cur"
    else compgen -W "$(freno names "$kind" 2>/dev/null)" -- "$cur"
    fi
  done
}

_freno() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at words= valued= names= command=\${COMP_WORDS[1]}
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    # What follows -- is the command of freno run.
    if [[ \${COMP_WORDS[at]} == -- ]]; then
      COMPREPLY=($(compgen -c -f -- "$cur"))
      return
    fi
  done
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help' -- "$cur"))
    return
  fi
  case $command in
${commands.flatMap((command) => caseOf(command, 4)).join('\n')}
  esac
  if [[ " $valued " == *" $previous "* ]]; then return; fi
  if [[ $cur == -* || -z $names ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  else
    COMPREPLY=($(_freno_names $names))
  fi
}
complete -o default -F _freno freno
`;
}

function caseOf(command: CompletedCommand, indent: number): string[] {
  const blank = ' '.repeat(indent);
  const { name, subcommands } = command;
  if (subcommands.length === 0) {
    return [`${blank}${name})`, ...assignments(command, indent + 2), `${blank}  ;;`];
  }
  return [
    `${blank}${name})`,
    `${blank}  words='${subcommands.map((each) => each.name).join(' ')}'`,
    `${blank}  if ((COMP_CWORD > 2)); then`,
    `${blank}    case \${COMP_WORDS[2]} in`,
    ...subcommands.flatMap((each) => caseOf(each, indent + 6)),
    `${blank}    esac`,
    `${blank}  fi`,
    `${blank}  ;;`,
  ];
}

function assignments({ options, names, words }: CompletedCommand, indent: number): string[] {
  const blank = ' '.repeat(indent);
  const flags = options.map(({ flag }) => flag);
  const valued = options.filter(({ takesValue }) => takesValue).map(({ flag }) => flag);
  return [
    `${blank}words='${[...words, ...flags].join(' ')}'`,
    ...(valued.length === 0 ? [] : [`${blank}valued='${valued.join(' ')}'`]),
    ...(names.length === 0 ? [] : [`${blank}names='${names.join(' ')}'`]),
  ];
}
