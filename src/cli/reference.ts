/** `docs/cli.md`: what to know of all commands, and the help of each as the program prints it. */
import type { Command } from 'commander';
import { COMMAND_GROUPS } from './command-list.js';
import { createProgram } from './program/program.js';

const HELP_COLUMNS = 90;

export async function commandLinePage(): Promise<string> {
  const program = await createProgram();
  const sections = COMMAND_GROUPS.map(({ title, commands }) => {
    const helps = commands.map(({ name }) => commandSection(commandOf(program, name)));
    return `## ${title}\n\n${helps.join('\n')}`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function commandOf(program: Command, name: string): Command {
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) throw new Error(`the command ${name} is listed and not defined`);
  return command;
}

function commandSection(command: Command): string {
  const helps = command.commands.length === 0 ? [command] : command.commands;
  const blocks = helps.map((each) => `\`\`\`text\n${helpText(each)}\n\`\`\`\n`);
  return `### ${command.name()}\n\n${blocks.join('\n')}`;
}

/** As `freno help COMMAND` prints it. */
function helpText(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => HELP_COLUMNS,
  });
  command.outputHelp();
  return text.trim();
}

const INTRODUCTION = `# Command line

<!-- Made by "npm run docs:cli" from the commands in src/cli. Do not edit. -->

\`freno\` is service and client in one program.
Flags run the service: \`freno --http --config FILE\` (\`freno --help\` lists them).
A word as the first argument is a command of the client, which asks a running freno over HTTP.

\`\`\`sh
export FRENO_SERVER=http://freno.example.com:8087 FRENO_APP=nightly-archive

freno check main                      # exit code 0: go on
freno wait main --timeout 10m         # until the app may write
freno run main --repeat -- ./archive-one-batch.sh
freno why main                        # why it waits, in a sentence

freno throttle nightly-archive --ttl 2h --ratio 0.8 --reason 'backup is running'
freno status                          # nodes, stores and what is in force
freno top                             # live
\`\`\`

- [Servers](#servers), [apps and stores](#apps-and-stores), [output](#output)
- [Exit codes](#exit-codes)
- [Run a command](#run-a-command)
- [Check a configuration](#check-a-configuration)
- [Complete commands in a shell](#complete-commands-in-a-shell)
- The commands: [for jobs](#for-jobs), [for operators](#for-operators),
  [to see what happens](#to-see-what-happens), [to set up](#to-set-up)

## Servers

\`--server\` or \`FRENO_SERVER\` names the URL of a load balancer, of one node, or of all nodes
with commas:
\`http://10.0.0.1:8087,http://10.0.0.2:8087,http://10.0.0.3:8087\`.
Of several the command finds the leader.
Without either it asks \`http://127.0.0.1:8087\`.
A user and a password in the URLs are for a proxy before freno, and are never printed.

Where freno [restricts access](security.md#access), \`--token-file FILE\` names a file with the
token to send, or \`FRENO_TOKEN\` has it.
There is no option for the token itself, which other users would see in the list of processes.
The command of \`freno run\` gets the environment, \`FRENO_TOKEN\` included.

Servers with [HTTP over TLS](security.md#http-over-tls) have \`https://\` URLs.
\`--ca FILE\` trusts an authority of your own beside the usual ones; \`--cert FILE\` and
\`--key FILE\` show a certificate that names the caller.

The server may be older than the client: a command that it does not have says so.
What responds and is no freno is named as that, and never counts as a yes.

## Apps and stores

A store is \`main\`, or in full \`mysql/main\`.
With \`--app\` or \`FRENO_APP\` the app is left out:
\`freno check main\` instead of \`freno check nightly-archive main\`.

Commands that change something are kept with \`--reason\` and \`--owner\`, by default the login
name (behind \`sudo\`, that of the person).
They are shown in the lists and in the log.

Each of them says what is in force afterwards: \`archiver throttled: ratio 1, on every store,
until 14:07:08 (in 60 min)\`.
An entry gets all that the command says and, for what it leaves out, the default: a throttle
without \`--ratio\` is whole, whatever it was before.
Times are whole minutes; \`--ttl 90s\` counts as 2, and a line on standard error says so.
A command that ends an entry exits with 0 also when there was none, and says so.

## Output

Answers go to standard output, everything else to standard error.
Colours are only for terminals, and off with [\`NO_COLOR\`](https://no-color.org).
\`--json\` prints JSON, one value per line: what the server has answered, or an object with the
same keys.
Control characters in names are shown as \`\\x1b\`, so that a name cannot act on the terminal.

## Exit codes

| code | meaning |
|---|---|
| 0 | go on (200), or done |
| 1 | no yes: a host cannot be read (500), no leader or no value yet (404), refused, unknown |
| 2 | the command line is wrong, or the request (400), or the configuration file |
| 3 | wait: above the threshold (429), throttled or of low priority (417) |
| 4 | the store or the metric is not configured (404) |
| 5 | no server responds |
| 6 | the server is no freno |
| 141 | the reader of the output has gone |

0 means that a freno has said yes, and nothing else.

## Run a command

\`freno run STORE -- COMMAND\` waits for a 200, runs the command with the terminal and the
environment of freno, and exits with its code.
With \`--repeat\` it asks again before each run, until the command fails or prints nothing on
its standard output: one run should write one small batch and print what it did.

\`\`\`sh
freno run orders --app purge --repeat --pause 50ms -- \\
  mysql -N shop -e "DELETE FROM sessions WHERE expires < NOW() LIMIT 500;
                    SELECT 'more' FROM DUAL WHERE ROW_COUNT() > 0"
\`\`\`

- While no freno responds, as during a fail-over, it waits; after 10 s, and then each minute, it
  says why.
- SIGINT, SIGTERM and SIGHUP go to the command; freno waits for its end, and starts no other.
  A repeated job that was ended so exits with 128 and the number of the signal, whatever its
  last run did.
- Its own failures have the codes of \`timeout\` and \`env\`: 124 (no permission within
  \`--timeout\`), 125, 126, 127.

## Check a configuration

\`freno check-config FILE\` says what the service would say at its start: every mistake with the
path of its key, and the warnings.
With \`--connect\` it also reads each list of hosts, logs in to each host as the service would,
and runs each metric; where a privilege is missing it prints the statement that grants it:

\`\`\`text
mysql/main, lag: db7:3306: Error 1227 (42000): Access denied; you need …
  missing: GRANT SLAVE MONITOR ON *.* TO 'freno'@'10.0.0.%'
\`\`\`

Metrics that Prometheus measures are not tried, and named (\`NotTried\` with \`--json\`).

## Complete commands in a shell

\`\`\`sh
source <(freno completion bash)       # in ~/.bashrc
source <(freno completion zsh)        # in ~/.zshrc, after compinit
freno completion fish | source        # in ~/.config/fish/config.fish
\`\`\`

Commands and options are completed, and the stores, hosts and apps that the server knows.
`;
