/** Loading: the files that are read, their order, and the messages for their mistakes. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written in
// the file
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoError } from '../../src/base/errors.js';
import { type LoadOptions, loadConfig, USUAL_FILES } from '../../src/config/load.js';

/** Without a warning. */
const STORES = {
  MySQL: { ThrottleThreshold: 1, Clusters: { c: { StaticHostsSettings: { Hosts: ['a'] } } } },
};

describe('loading the configuration', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'freno-config-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function file(name: string, content: object | string | Buffer): string {
    const path = join(folder, name);
    const raw = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(path, raw ? content : JSON.stringify(content));
    return path;
  }

  function load(configFile: string | null, options: Partial<LoadOptions> = {}) {
    return loadConfig({ configFile, overrides: {}, environment: {}, ...options });
  }

  async function mistake(configFile: string | null, options: Partial<LoadOptions> = {}) {
    const error: unknown = await load(configFile, options).catch((thrown: unknown) => thrown);
    if (error instanceof FrenoError && error.code === 'CONFIG') return error.message;
    throw new Error('the configuration was accepted');
  }

  it('reads only the file of --config', async () => {
    const name = file('a.json', { RaftDataDir: '/d', ListenPort: 9777, Stores: STORES });
    const other = file('b.json', { ListenPort: 1 });
    const { config, warnings, files } = await load(name, { usualFiles: [other] });
    expect(config).to.include({ RaftDataDir: '/d', ListenPort: 9777 });
    expect(warnings).to.deep.equal([]);
    expect(files).to.deep.equal([name]);
  });

  it('warns of a file with a password that every user may read', async () => {
    const warningsOf = async (Password: string, mode: number) => {
      const MySQL = { ...STORES.MySQL, Password };
      const name = file('a.json', { RaftDataDir: '/d', Stores: { MySQL } });
      chmodSync(name, mode);
      return (await load(name, { environment: { PW: 'secret' } })).warnings;
    };
    const exposed = await warningsOf('secret', 0o644);
    expect(exposed).to.have.length(1);
    expect(exposed[0]).to.match(/a\.json: holds a password and may be read by every user/);
    expect(await warningsOf('secret', 0o640), 'its group may').to.be.empty;
    expect(await warningsOf('${PW}', 0o644), 'no password in it').to.be.empty;
  });

  it('reads the usual files by default', () => {
    expect(USUAL_FILES).to.deep.equal(['/etc/freno.conf.json', 'conf/freno.conf.json']);
  });

  describe('from the usual files', () => {
    it('reads either usual file where only one exists', async () => {
      const usualFiles = [join(folder, 'missing.json'), file('b.json', { RaftDataDir: '/b' })];
      expect((await load(null, { usualFiles })).files).to.deep.equal([usualFiles[1]]);
      expect(
        (await load(null, { usualFiles: [...usualFiles].reverse() })).config.RaftDataDir,
      ).to.equal('/b');
    });

    it('overrides the first usual file key by key, lists and clusters as a whole', async () => {
      const first = file('a.json', {
        RaftDataDir: '/a',
        listenport: 1,
        MemcacheServers: ['a', 'b'],
        Stores: {
          MySQL: {
            User: 'u',
            Port: 1,
            TLS: { SkipVerify: true, ServerName: 'a' },
            Clusters: { x: { User: 'x', Port: 1 }, y: { Port: 1 } },
          },
        },
      });
      const second = file('b.json', {
        ListenPort: 2,
        RaftDataDir: null,
        MemcacheServers: ['c'],
        Stores: {
          MySQL: { Port: 2, TLS: { ServerName: 'b' }, Clusters: { x: { Port: 2 }, z: {} } },
        },
      });
      const { config, files } = await load(null, { usualFiles: [first, second] });
      expect(files).to.deep.equal([first, second]);
      expect(config).to.include({ RaftDataDir: '/a', ListenPort: 2 });
      expect(config.MemcacheServers).to.deep.equal(['c']);
      const mysql = config.Stores.MySQL;
      expect(mysql).to.include({ User: 'u', Port: 2 });
      expect(mysql.TLS).to.include({ SkipVerify: true, ServerName: 'b' });
      expect(Object.keys(mysql.Clusters)).to.deep.equal(['x', 'y', 'z']);
      expect(mysql.Clusters.x).to.include({ User: '', Port: 2 });
    });

    it('names both files with a mistake in the merged configuration', async () => {
      const usualFiles = [file('a.json', { ListenPort: 0 }), file('b.json', { RaftDataDir: '/d' })];
      expect(await mistake(null, { usualFiles })).to.equal(
        `${usualFiles.join(' + ')}: ListenPort: must be at least 1, got 0`,
      );
    });

    it('names both usual files when neither exists', async () => {
      const usualFiles = [join(folder, 'a.json'), join(folder, 'b.json')];
      expect(await mistake(null, { usualFiles })).to.equal(
        `no configuration file: neither ${usualFiles[0]} nor ${usualFiles[1]} exists; set ` +
          '--config FILE',
      );
    });

    it('refuses a usual file that exists and cannot be read', async () => {
      const usualFiles = [join(folder, 'dir'), file('b.json', { RaftDataDir: '/d' })];
      mkdirSync(usualFiles[0]!);
      expect(await mistake(null, { usualFiles })).to.equal(
        `${usualFiles[0]}: cannot be read: is a directory`,
      );
    });
  });

  it('overrides the file by the flags before it is checked', async () => {
    const name = file('a.json', { ListenPort: 0, RaftNodes: ['a:1'], EnableProfiling: true });
    const overrides = {
      ListenPort: 8000,
      RaftDataDir: '/d',
      RaftBind: 'b:1',
      RaftNodes: ['b:1'],
      EnableProfiling: false,
    };
    const { config } = await load(name, { overrides });
    expect(config).to.deep.include(overrides);
  });

  it('distinguishes a mistake in a flag from one in the file', async () => {
    const name = file('a.json', { RaftDataDir: '/d', HttpWorkers: 70 });
    expect(await mistake(name, { overrides: { ListenPort: 70_000 } })).to.equal(
      `command line: ListenPort: must be at most 65535, got 70000\n${name}: HttpWorkers: ` +
        'must be at most 64, got 70',
    );
  });

  it('reports every warning with the name of its file', async () => {
    const start = '{"raftDataDir": "/d", "Domain": "${X}", "Domain": "d"';
    const name = file('a.json', `${start}, "RaftNodes": ["127.0.0.1:10008", "a:1"]}`);
    const { config, warnings } = await load(name);
    expect(config).to.include({ RaftDataDir: '/d', Domain: 'd' });
    expect(warnings).to.deep.equal([
      `${name}: line 1: "Domain" is set twice; the last one is used`,
      `${name}: raftDataDir: unknown key, read as RaftDataDir; correct the case`,
      `${name}: RaftNodes: 2 nodes need a majority of 2: there is no leader while either node is ` +
        'down; list 3 nodes',
      `${name}: Stores.MySQL.Clusters: empty, so every check fails with 404; add a cluster`,
    ]);
  });

  it('reports all mistakes, one a line, and the variables that are not set', async () => {
    const name = file('a.json', { BackendMySQLHost: '${DB}', ListenPort: 0, Listen: 1 });
    expect((await mistake(name)).split('\n')).to.deep.equal([
      `${name}: ListenPort: must be at least 1, got 0`,
      `${name}: Listen: unknown key; did you mean ListenTLS?`,
      `${name}: RaftDataDir: must be set, unless BackendMySQLHost is set`,
      `${name}: BackendMySQLHost: environment variable DB is not set, replaced by an empty ` +
        'string (warning)',
    ]);
  });

  it('replaces variables by the environment', async () => {
    const name = file('a.json', { RaftDataDir: '${HOME_OF_DATA}' });
    const { config } = await load(name, { environment: { HOME_OF_DATA: '/d' } });
    expect(config.RaftDataDir).to.equal('/d');
  });

  describe('mistakes in a file', () => {
    it('refuses a file that does not exist', async () => {
      const name = join(folder, 'none.json');
      expect(await mistake(name)).to.equal(`${name}: cannot be read: no such file`);
    });

    it('refuses a mistake in the JSON, with line and column', async () => {
      const name = file('a.json', '{\n  "ListenPort": 1,\n}\n');
      expect(await mistake(name)).to.equal(
        `${name}: line 2, column 18: trailing comma: no comma is allowed before "}"`,
      );
    });

    it('refuses a document that is no object', async () => {
      for (const content of ['[]', 'null', '"x"', '1']) {
        const name = file('a.json', content);
        expect(await mistake(name)).to.equal(`${name}: must contain a JSON object`);
      }
    });

    it('refuses a file that is not UTF-8 text', async () => {
      const name = file('a.json', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
      expect(await mistake(name)).to.equal(`${name}: is not UTF-8 text`);
    });

    it('refuses a file that is too large', async () => {
      const name = file('a.json', Buffer.alloc(16 * 1024 * 1024 + 1, ' '));
      expect(await mistake(name)).to.equal(`${name}: larger than 16777216 bytes`);
    });
  });
});
