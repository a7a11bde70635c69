/** A password in a file, which is replaced while servers still have the one before. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoError } from '../../src/base/errors.js';
import { PasswordFile } from '../../src/base/mysql/password-file.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';

describe('a password in a file', () => {
  let directory: TemporaryDirectory;
  let name: string;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    name = join(directory.path, 'password');
    writeFileSync(name, 'old\n');
  });

  afterEach(() => directory.remove());

  it('is the text without the end of its line, and no other change', () => {
    for (const [text, password] of [
      ['a', 'a'],
      [' a b \n', ' a b '],
      ['a\r\n', 'a'],
      ['a\n\n', 'a\n'],
    ] as const) {
      writeFileSync(name, text);
      expect(new PasswordFile(name).passwordFor('db1:3306', 0)).to.equal(password);
    }
  });

  it('is read again by a login after 10 s, and at once after a refusal', () => {
    const file = new PasswordFile(name);
    expect(file.passwordFor('db1:3306', 0)).to.equal('old');
    writeFileSync(name, 'new\n');
    expect(file.passwordFor('db1:3306', 9_999)).to.equal('old');
    expect(file.passwordFor('db1:3306', 10_000)).to.equal('new');
    writeFileSync(name, 'newer\n');
    file.refused('db1:3306', 'new', 10_600);
    expect(file.passwordFor('db1:3306', 10_600)).to.equal('newer');
  });

  it('is read once for many refusals at the same moment', () => {
    const file = new PasswordFile(name);
    file.passwordFor('db1:3306', 0);
    file.refused('db1:3306', 'old', 1_000);
    writeFileSync(name, 'new\n');
    file.refused('db2:3306', 'old', 1_400);
    expect(file.passwordFor('db1:3306', 1_400)).to.equal('old');
    file.refused('db1:3306', 'old', 1_500);
    expect(file.passwordFor('db1:3306', 1_500)).to.equal('new');
  });

  it('gives way to the one before for a server that refuses it, and for no other', () => {
    const file = new PasswordFile(name);
    file.passwordFor('db1:3306', 0);
    writeFileSync(name, 'new\n');
    expect(file.passwordFor('db1:3306', 10_000)).to.equal('new');
    file.refused('db1:3306', 'new', 10_100);
    expect(file.passwordFor('db1:3306', 10_200)).to.equal('old');
    expect(file.passwordFor('db2:3306', 10_200)).to.equal('new');
    file.refused('db1:3306', 'old', 10_300);
    expect(file.passwordFor('db1:3306', 10_300), 'the server has changed it').to.equal('new');
  });

  it('stays while the file is missing or empty', () => {
    const file = new PasswordFile(name);
    file.passwordFor('db1:3306', 0);
    writeFileSync(name, '');
    expect(file.passwordFor('db1:3306', 10_000)).to.equal('old');
    rmSync(name);
    expect(file.passwordFor('db1:3306', 20_000)).to.equal('old');
  });

  it('fails, naming the file, when it could never be read', () => {
    const missing = new PasswordFile(join(directory.path, 'missing'));
    expect(() => missing.passwordFor('db1:3306', 0)).to.throw(FrenoError, /PasswordFile.*missing/);
  });
});
