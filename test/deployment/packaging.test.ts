/** The systemd unit and the Dockerfile refer to files, flags and paths that exist. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseCommandLine } from '../../src/config/commandline.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { matchRoute } from '../../src/http/worker/routes.js';
import { needPrograms, programPath } from '../support/needs.js';

const ROOT = new URL('../../../', import.meta.url);

const read = (name: string): string => readFileSync(new URL(`resources/${name}`, ROOT), 'utf8');
const isThere = (path: string): boolean => existsSync(new URL(path, ROOT));

describe('resources/freno.service', () => {
  const unit = read('freno.service');
  const command = /^ExecStart=(.*)$/m.exec(unit)![1]!.split(' ');

  it('starts the launcher with arguments that it accepts', () => {
    const [, launcher, ...flags] = command;
    expect(isThere(launcher!.replace('/opt/freno/', ''))).to.equal(true);
    expect(parseCommandLine(flags)).to.deep.include({
      action: 'run',
      configFile: '/etc/freno.conf.json',
    });
  });

  it('creates the directory of the sample configuration', () => {
    const { RaftDataDir } = JSON.parse(read('freno.conf.sample.json')) as { RaftDataDir: string };
    const [, name] = /^StateDirectory=(.*)$/m.exec(unit)!;
    expect(`/var/lib/${name}`).to.equal(RaftDataDir);
  });

  it('is accepted by systemd without a warning', function () {
    needPrograms(this, 'systemd-analyze');
    const directory = new TemporaryDirectory();
    const file = join(directory.path, 'freno.service');
    // systemd reports programs that are not installed where the unit expects them.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
    const { status, stderr } = spawnSync(programPath('systemd-analyze'), ['verify', file], {
      encoding: 'utf8',
    });
    directory.remove();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  });
});

describe('resources/Dockerfile', () => {
  const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
  const instructions = (name: string): string[] =>
    [...dockerfile.matchAll(new RegExp(`^\\s*${name} (.*)$`, 'gm'))].map(([, text]) =>
      text!.trim(),
    );

  it('copies files that exist and that its ignore file does not exclude', () => {
    const ignored = read('Dockerfile.dockerignore').split('\n');
    const sources = instructions('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1));
    expect(sources).to.include.members(['src', 'workers', 'proto', 'package-lock.json']);
    for (const source of sources) {
      expect(isThere(source), source).to.equal(true);
      expect(ignored).to.include(`!${source}`);
    }
  });

  it('copies the configurations that the build reads, and the page', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
      scripts: { build: string };
    };
    const named = scripts.build.match(/tsconfig[.\w]*\.json/g)!;
    const copied = instructions('COPY').flatMap((text) => text.split(' '));
    expect(named).to.include('tsconfig.web.json');
    expect(copied).to.include.members([...named, 'resources/web']);
  });

  it('runs the launcher as a user other than root, with arguments that it accepts', () => {
    const [entry] = instructions('ENTRYPOINT').map((text) => JSON.parse(text) as string[]);
    const [flags] = instructions('CMD')
      .filter((text) => text.startsWith('["--'))
      .map((text) => JSON.parse(text) as string[]);
    expect(entry![0]).to.equal('node');
    expect(isThere(entry![1]!)).to.equal(true);
    expect(parseCommandLine(flags!)).to.include({ action: 'run' });
    expect(instructions('USER')).to.deep.equal(['1000:1000']);
  });

  it('checks its health by a path that freno serves', () => {
    const [, path] = /HEALTHCHECK .*http:\/\/127\.0\.0\.1:8087([^']*)'/.exec(dockerfile)!;
    expect(matchRoute(path!).kind).to.equal('found');
  });
});

for (const plugin of ['pt-archiver/FrenoThrottler.pm', 'pt-online-schema-change/FrenoPlugin.pm']) {
  describe(`resources/${plugin}`, () => {
    it('compiles without a warning, and so does its manual', function () {
      const file = fileURLToPath(new URL(`resources/${plugin}`, ROOT));
      needPrograms(this, 'podchecker');
      for (const [program, ...options] of [['perl', '-wc'], ['podchecker']] as const) {
        const { status, stderr } = spawnSync(program, [...options, file], { encoding: 'utf8' });
        expect(status, stderr).to.equal(0);
        expect(stderr).to.match(/syntax OK\.?\s*$/);
      }
    });
  });
}
