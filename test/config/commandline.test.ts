/** The command line: flags, actions, refusals. */
import { expect } from 'chai';
import { FrenoError } from '../../src/base/errors.js';
import { parseCommandLine, usage } from '../../src/config/commandline.js';

function mistake(...argv: string[]): string {
  try {
    parseCommandLine(argv);
  } catch (error) {
    if (error instanceof FrenoError && error.code === 'CONFIG') return error.message;
    throw error;
  }
  throw new Error('the command line was accepted');
}

describe('the command line', () => {
  it('has no action without flags', () => {
    expect(parseCommandLine([])).to.deep.equal({
      action: 'none',
      configFile: null,
      overrides: {},
      forceLeadership: false,
      forceNewCluster: false,
      log: { level: 'notice', stacks: false },
    });
  });

  it('accepts flags with one or two dashes, and values after "=" or as the next argument', () => {
    const expected = {
      action: 'run',
      configFile: 'a=b.json',
      overrides: {
        ListenPort: 8000,
        RaftDataDir: '/d',
        RaftBind: '10.0.0.1:1',
        RaftNodes: ['10.0.0.1:1', '10.0.0.2', '[::1]:3'],
        EnableProfiling: true,
      },
      forceLeadership: true,
      forceNewCluster: true,
      log: { level: 'debug', stacks: true },
    };
    const switches = [
      'http',
      'enable-profiling',
      'force-leadership',
      'force-new-cluster',
      'verbose',
      'debug',
      'stack',
    ];
    const values = [
      ['config', 'a=b.json'],
      ['http-port', '8000'],
      ['raft-datadir', '/d'],
      ['raft-bind', '10.0.0.1:1'],
      ['raft-nodes', '10.0.0.1:1, 10.0.0.2,[::1]:3'],
    ];
    for (const dash of ['-', '--']) {
      const on = switches.map((name) => dash + name);
      const joined = values.map(([name, value]) => `${dash}${name}=${value}`);
      const apart = values.flatMap(([name, value]) => [`${dash}${name}`, value!]);
      expect(parseCommandLine([...on, ...joined])).to.deep.equal(expected);
      expect(parseCommandLine([...apart, ...on])).to.deep.equal(expected);
    }
  });

  it('accepts switches with a value, as Go programs do', () => {
    for (const yes of ['1', 't', 'T', 'true', 'TRUE', 'True']) {
      expect(parseCommandLine([`--http=${yes}`]).action).to.equal('run');
    }
    for (const no of ['0', 'f', 'F', 'false', 'FALSE', 'False']) {
      expect(parseCommandLine([`-http=${no}`]).action).to.equal('none');
    }
    expect(parseCommandLine(['--enable-profiling=false']).overrides).to.deep.equal({
      EnableProfiling: false,
    });
    expect(mistake('--http=yes')).to.equal('--http: must be true or false, got "yes"');
    expect(mistake('--http=')).to.equal('--http: must be true or false, got ""');
  });

  it('uses the last of equal flags', () => {
    const { action, configFile } = parseCommandLine([
      '--http',
      '--config=a',
      '--config',
      'b',
      '-http=0',
    ]);
    expect({ action, configFile }).to.deep.equal({ action: 'none', configFile: 'b' });
  });

  it('prefers --help to --version, and both to running the service', () => {
    expect(parseCommandLine(['--http', '--version']).action).to.equal('version');
    expect(parseCommandLine(['--version', '--help', '--http']).action).to.equal('help');
  });

  it('sets the log level, by --quiet first', () => {
    const levelOf = (...argv: string[]) => parseCommandLine(argv).log.level;
    expect(levelOf('--verbose')).to.equal('info');
    expect(levelOf('--debug')).to.equal('debug');
    expect(levelOf('--verbose', '--debug')).to.equal('debug');
    expect(levelOf('--debug', '--quiet')).to.equal('error');
    expect(levelOf('--stack')).to.equal('notice');
  });

  it('empties the list of nodes with an empty value', () => {
    expect(parseCommandLine(['--raft-nodes=']).overrides).to.deep.equal({ RaftNodes: [] });
    expect(parseCommandLine(['--raft-nodes', '']).overrides).to.deep.equal({ RaftNodes: [] });
  });

  const mistakes: ReadonlyArray<readonly [argv: string[], message: string]> = [
    [['--htpp'], '--htpp: unknown flag; did you mean --http?'],
    [['-raft-node', 'a'], '--raft-node: unknown flag; did you mean --raft-nodes?'],
    [['--Debug'], '--Debug: unknown flag; did you mean --debug?'],
    [['--constructor'], '--constructor: unknown flag; --help lists all flags'],
    [['--port', '1'], '--port: unknown flag; did you mean --http-port?'],
    [['--foo'], '--foo: unknown flag; --help lists all flags'],
    [['--config'], '--config: needs a value (FILE)'],
    [['--config', '--http'], '--config: needs a value (FILE)'],
    [['--raft-bind', '-http=true'], '--raft-bind: needs a value (HOST[:PORT])'],
    [['--http-port', 'x'], '--http-port: must be a whole number, got "x"'],
    [['--http-port='], '--http-port: must be a whole number, got ""'],
    [['--http-port=-1'], '--http-port: must be a whole number, got "-1"'],
    [['--http-port=8e3'], '--http-port: must be a whole number, got "8e3"'],
    [['http'], 'unexpected argument "http": freno accepts only flags'],
    [['--'], 'unexpected argument "--": freno accepts only flags'],
    [['-'], 'unexpected argument "-": freno accepts only flags'],
    [['---http'], 'unexpected argument "---http": freno accepts only flags'],
    [['--=x'], 'unexpected argument "--=x": freno accepts only flags'],
    [[''], 'unexpected argument "": freno accepts only flags'],
  ];
  for (const [argv, message] of mistakes) {
    it(`refuses ${JSON.stringify(argv.join(' '))}: ${message}`, () => {
      expect(mistake(...argv)).to.equal(message);
    });
  }

  it('accepts a value that begins with a dash but is no flag', () => {
    expect(parseCommandLine(['--raft-datadir', '-d']).overrides.RaftDataDir).to.equal('-d');
  });

  it('lists every flag on a line of its own in the usage', () => {
    const lines = usage().split('\n');
    expect(lines[0]).to.equal('Usage: freno [flags]');
    const flags = lines.flatMap((line) => /^ {2}--([a-z-]+)/.exec(line)?.[1] ?? []);
    expect(flags).to.include.members(['http', 'config', 'raft-nodes', 'quiet', 'version', 'help']);
    const described = lines.filter((line) => /^ {2}--\S+(?: \S+)? {2,}\S/.test(line));
    expect(described).to.have.length(flags.length);
    expect(usage()).to.match(/\n$/);
  });
});
