/** `freno token create`. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { runCommand } from '../support/freno-command.js';

describe('token create', () => {
  it('prints the token, and the entry for the configuration', async () => {
    const words = ['token', 'create', 'team', '--role', 'check', 'control'];
    const narrowed = [...words, '--app', 'archiver-*', '--store', 'main*', 'mysql/audit'];
    const { code, stdout, stderr } = await runCommand(narrowed);
    expect(code).to.equal(0);
    const [token, , entry] = stdout.split('\n') as [string, string, string];
    expect(token).to.match(/^freno_[\w-]{43}$/);
    expect(JSON.parse(entry)).to.deep.equal({
      ...{ Name: 'team', SHA256: createHash('sha256').update(token).digest('hex') },
      ...{ Roles: ['check', 'control'], Apps: ['archiver-*'] },
      Stores: ['mysql/main*', 'mysql/audit'],
    });
    expect(stderr).to.contain('Access.Tokens').and.not.contain(token);
    const again = await runCommand(words);
    expect(again.stdout.split('\n')[0]).to.not.equal(token);
  });

  it('refuses what the configuration would refuse', async () => {
    for (const wrong of [
      ['a b', '--role', 'check'],
      ['ci', '--role', 'write'],
      ['ci'],
      ['ci', '--role', 'check', '--app', 'a/b'],
      ['ci', '--role', 'check', '--store', 'a/b/c'],
    ]) {
      const { code, stdout } = await runCommand(['token', 'create', ...wrong]);
      expect({ code, stdout }, wrong.join(' ')).to.deep.equal({ code: 2, stdout: '' });
    }
  });
});
