/** The completion scripts, by the shells that read them. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { runCommand } from '../support/freno-command.js';

const PARSED = { status: 0, stderr: '' };

describe('the completion script', () => {
  let script: string;

  before(async () => {
    ({ stdout: script } = await runCommand(['completion', 'bash']));
  });

  /** What bash completes for the last of the words. `names`: what freno knows. */
  function completed(words: readonly string[], names = ''): string[] {
    const line = words.map((word) => `'${word}'`).join(' ');
    const { stdout, stderr, status } = spawnSync(
      'bash',
      [
        '--norc',
        '-c',
        `eval "$SCRIPT"
        freno() { [ "$1" = names ] && printf '%s\\n' $NAMES; }
        COMP_WORDS=(freno ${line})
        COMP_CWORD=${words.length}
        _freno
        printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8', env: { ...process.env, SCRIPT: script, NAMES: names } },
    );
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('is accepted by bash without a warning', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  });

  it('completes commands, subcommands and options', () => {
    expect(completed(['th'])).to.deep.equal(['throttle', 'throttled', 'threshold']);
    expect(completed(['threshold', 'r'])).to.deep.equal(['reset']);
    expect(completed(['run', '--re'])).to.deep.equal(['--repeat']);
    expect(completed(['threshold', 'set', '--tt'])).to.deep.equal(['--ttl']);
    expect(completed(['completion', ''])).to.include.members(['bash', 'zsh', 'fish']);
  });

  it('completes names that a server knows', () => {
    expect(completed(['check', 'ma'], 'main other')).to.deep.equal(['main', 'main']);
    expect(completed(['skip', 'db'], 'db7:3306')).to.deep.equal(['db7:3306']);
  });

  it('completes nothing after an option that has a value', () => {
    expect(completed(['throttle', '--ratio', ''], 'main')).to.deep.equal([]);
  });

  it('completes a command of the system after --', () => {
    expect(completed(['run', 'app', 'main', '--', 'tru'])).to.include('true');
  });

  it('is refused for another shell, with those that are known', async () => {
    const { code, stdout, stderr } = await runCommand(['completion', 'tcsh']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.include('bash, zsh, fish');
  });

  for (const shell of ['zsh', 'fish']) {
    it(`names every command for ${shell}`, async () => {
      const { code, stdout } = await runCommand(['completion', shell]);
      expect(code).to.equal(0);
      for (const name of ['check', 'threshold', 'yield', 'set']) expect(stdout).to.include(name);
      // Where the shell is installed, it must accept the script.
      const directory = new TemporaryDirectory();
      const file = join(directory.path, 'script');
      writeFileSync(file, stdout);
      const parsed = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      directory.remove();
      if (parsed.error === undefined) {
        expect({ status: parsed.status, stderr: parsed.stderr }).to.deep.equal(PARSED);
      }
    });
  }
});
