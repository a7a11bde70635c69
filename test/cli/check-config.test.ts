/** `freno check-config`, against files and real MariaDB servers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { missingGrant } from '../../src/cli/check-config/missing-grant.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { type ProgramOutcome, runCommand } from '../support/freno-command.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';

describe('check-config', () => {
  let directory: TemporaryDirectory;

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(() => directory.remove());

  /** Checks a configuration with those keys of `Stores.MySQL`. */
  function check(mysql: object, ...options: readonly string[]): Promise<ProgramOutcome> {
    const file = join(directory.path, 'freno.conf.json');
    const Stores = { MySQL: { ThrottleThreshold: 1, ...mysql } };
    writeFileSync(file, JSON.stringify({ RaftDataDir: directory.path, Stores }));
    return runCommand(['check-config', file, ...options]);
  }

  const clusterOf = (...hosts: readonly string[]) => ({ StaticHostsSettings: { Hosts: hosts } });

  it('accepts a valid file, with its warnings', async () => {
    const { code, stdout, stderr } = await check({ Clusters: { main: {} } });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout)
      .to.match(/freno\.conf\.json: valid, 1 cluster\n/)
      .and.match(/\nwarning: .*Stores\.MySQL\.Clusters\.main/);
  });

  it('refuses a file with every mistake, as the service does', async () => {
    const mysql = { ThrottleThreshold: 'high', Clusterz: {} };
    const { code, stdout, stderr } = await check(mysql);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr)
      .to.include('Stores.MySQL.ThrottleThreshold')
      .and.include('Stores.MySQL.Clusterz')
      .and.match(/^(?:freno: .*\n){2}$/);
    const json = JSON.parse((await check(mysql, '--json')).stdout);
    expect(json).to.include({ Valid: false });
    expect(json.Errors).to.have.length(2);
  });

  it('refuses a file that is missing', async () => {
    const { code, stderr } = await runCommand(['check-config', '/nowhere/freno.json']);
    expect(code).to.equal(2);
    expect(stderr).to.include('/nowhere/freno.json');
  });

  describe('--connect', () => {
    let server: MariaDb;

    before(async function () {
      needMariaDb(this);
      server = await MariaDb.start(['--skip-log-bin']);
      await server.run(
        'create database shop',
        'create table shop.load_now (value double)',
        'insert into shop.load_now values (0.25)',
        "create user freno@'127.0.0.%' identified by 'secret-of-freno'",
      );
    });

    after(() => server?.stop());

    const login = { User: 'freno', Password: 'secret-of-freno' };

    it('names the grant that each metric misses, and accepts the file with it', async () => {
      const Clusters = {
        lag: clusterOf(server.address),
        load: { ...clusterOf(server.address), MetricQuery: 'select value from shop.load_now' },
      };
      const { code, stdout } = await check({ ...login, Clusters }, '--connect');
      expect(code).to.equal(1);
      const grants = [...stdout.matchAll(/missing: (.*)$/gm)].map(([, grant]) => grant!);
      expect(grants).to.deep.equal([
        "GRANT SLAVE MONITOR ON *.* TO 'freno'@'127.0.0.%'",
        "GRANT SELECT ON shop.load_now TO 'freno'@'127.0.0.%'",
      ]);
      await server.run(...grants);
      const { stdout: granted } = await check({ ...login, Clusters }, '--connect', '--json');
      const { Hosts } = JSON.parse(granted);
      expect(Hosts[0].Error).to.include('replication is not configured');
      expect(Hosts[0].MissingGrant).to.equal(null);
      expect(Hosts[1]).to.deep.equal({
        Store: 'mysql/load',
        Metric: 'lag',
        Host: server.address,
        Value: 0.25,
      });
      const { code: accepted } = await check(
        { ...login, Clusters: { load: Clusters.load } },
        '--connect',
      );
      expect(accepted).to.equal(0);
    });

    it('says which metrics it does not try: those of Prometheus', async () => {
      const Prometheus = { URL: 'http://127.0.0.1:1', Query: 'disk' };
      const Metrics = { disk_used: { Threshold: 1, Prometheus } };
      const Clusters = { load: { ...clusterOf(server.address), Metrics } };
      const mysql = { ...login, MetricQuery: 'select 1', Clusters };
      const { code, stderr } = await check(mysql, '--connect');
      expect(code).to.equal(0);
      expect(stderr).to.include(
        'freno: mysql/load, disk_used: not tried: it is read from Prometheus\n',
      );
      const { stdout } = await check(mysql, '--connect', '--json');
      const untried = [{ Store: 'mysql/load', Metric: 'disk_used' }];
      expect(JSON.parse(stdout).NotTried).to.deep.equal(untried);
    });

    it('reports a refused login, a dead host and an empty list, and no password', async () => {
      const [free] = await freePorts(1);
      const mysql = {
        ...login,
        MetricQuery: 'select 1',
        IgnoreHosts: ['.example.com'],
        Clusters: {
          refused: { ...clusterOf(server.address), Password: 'wrong-secret' },
          dead: clusterOf(`127.0.0.1:${free}`),
          nobody: {},
          good: clusterOf(server.address, 'ignored.example.com'),
        },
      };
      const { code, stdout, stderr } = await check(mysql, '--connect');
      expect(code).to.equal(1);
      expect(stdout)
        .to.match(/\nmysql\/refused +lag +127\S+ +failed\n/)
        .and.match(/\nmysql\/refused, lag: .*Error 1045 .*Access denied for user 'freno'/)
        .and.match(/\nmysql\/dead, lag: .*connection refused/)
        .and.match(/\nmysql\/nobody, lag: it names no source of hosts/)
        .and.match(/\nmysql\/good +lag +127\S+ +1\n/)
        .and.not.include('ignored.example.com failed');
      expect(stdout + stderr).not.to.match(/secret/);
    });
  });

  describe('a missing grant', () => {
    const named: ReadonlyArray<readonly [error: string, query: string, grant: string | null]> = [
      [
        'Error 1227 (42000): Access denied; you need (at least one of) the SUPER, ' +
          'REPLICATION CLIENT privilege(s) for this operation',
        '',
        "GRANT REPLICATION CLIENT ON *.* TO 'u'@'%'",
      ],
      [
        "Error 1142 (42000): SELECT command denied to user 'u'@'h' for table 'load_now'",
        'select value from Shop.load_now',
        "GRANT SELECT ON Shop.load_now TO 'u'@'%'",
      ],
      [
        "Error 1044 (42000): Access denied for user 'u'@'h' to database 'shop'",
        'select 1',
        "GRANT SELECT ON `shop`.* TO 'u'@'%'",
      ],
      [
        "Error 1370 (42000): execute command denied to user 'u'@'h' for routine 'shop.lag'",
        'select shop.lag()',
        "GRANT EXECUTE ON FUNCTION shop.lag TO 'u'@'%'",
      ],
      ["Error 1045 (28000): Access denied for user 'u'@'h' (using password: YES)", '', null],
      ['i/o timeout', '', null],
    ];
    for (const [error, query, grant] of named) {
      it(`is ${grant === null ? 'not named for' : 'named for'} ${error.slice(0, 60)}`, () => {
        expect(missingGrant(error, query, 'u@%')).to.equal(grant);
      });
    }
  });
});
