/** A password that changes, on the server and in its file, while freno probes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import type { StoreReading } from '../../src/board/board.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const SLOT = 0;

describe('a password in a file that changes', () => {
  const directory = new TemporaryDirectory();
  const passwordFile = join(directory.path, 'password');
  let server: MariaDb;
  let proxy: TcpProxy;
  let probing: Probing;

  before(async function () {
    needMariaDb(this);
    server = await MariaDb.start(['--skip-log-bin']);
    await server.run("create user freno identified by 'first'");
    writeFileSync(passwordFile, 'first\n');
    proxy = await TcpProxy.start(server);
    probing = new Probing();
    await probing.assign(SLOT, [proxy], { metricQuery: 'select 7', password: '', passwordFile });
  });

  after(async () => {
    await probing?.stop();
    await proxy?.stop();
    await server?.stop();
    directory.remove();
  });

  /** Through a new login. */
  const readAgain = async (): Promise<number> => {
    proxy.cut();
    const cutAtMs = monotonicMs();
    const isNew = ({ state, readAtMs }: StoreReading) =>
      state === MetricState.ok && readAtMs > cutAtMs;
    return (await probing.until(SLOT, isNew)).value;
  };

  it('is used by the first login', async () => {
    expect(await probing.value(SLOT)).to.equal(7);
  });

  it('is read again when the server refuses the old one', async () => {
    await server.run("alter user freno identified by 'second'");
    writeFileSync(passwordFile, 'second\n');
    expect(await readAgain()).to.equal(7);
  });

  it('gives way to the one before where the server still has that', async () => {
    await server.run("alter user freno identified by 'first'");
    expect(await readAgain()).to.equal(7);
  });

  it('is an error that says so when neither is right', async () => {
    await server.run("alter user freno identified by 'third'");
    proxy.cut();
    expect(await probing.error(SLOT)).to.match(/Error 1045 \(28000\)/);
  });
});
