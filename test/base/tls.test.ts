/** TLS material: files that are renewed in place. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TlsMaterial } from '../../src/base/mysql/tls.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';

describe('TlsMaterial', () => {
  const directory = new TemporaryDirectory();
  const caFile = join(directory.path, 'ca.pem');

  after(() => directory.remove());

  function material(): TlsMaterial {
    return new TlsMaterial({
      caFile,
      certFile: '',
      keyFile: '',
      serverName: '',
      skipVerify: false,
    });
  }

  it('reads the files again after 10 s and makes new options when they changed', () => {
    writeFileSync(caFile, 'first');
    const tls = material();
    const options = tls.options(0);
    expect(options.ca).to.equal('first');
    expect(tls.options(10_000), 'nothing has changed').to.equal(options);
    writeFileSync(caFile, 'second');
    expect(tls.options(19_999), 'read a moment ago').to.equal(options);
    expect(tls.options(20_000).ca).to.equal('second');
  });

  it('names a file that it cannot read, and reads it at the next attempt', () => {
    rmSync(caFile);
    const tls = material();
    expect(() => tls.options(0)).to.throw(/^TLS\.CAFile: .*ca\.pem/);
    writeFileSync(caFile, 'third');
    expect(tls.options(1).ca).to.equal('third');
  });
});
