/** The layers: which folder may import which, by rules that a failure names. */
import { expect } from 'chai';
import { expectNone } from '../support/expect-none.js';
import { type ImportEdge, importsOf, sourceFiles } from '../support/sources.js';
import { cyclesOf } from './cycles.js';

/** What every part of the service may import. */
const COMMON = ['src/base/', 'src/throttle/', 'src/board/', 'src/contracts/', 'src/config/'];

interface Rule {
  /** A sentence: what holds, and why. */
  readonly rule: string;
  readonly folder: string;
  /** What files of the folder may import beside each other and packages. */
  readonly mayImport: readonly string[];
}

/** The first rule whose folder fits a file holds. */
const RULES: readonly Rule[] = [
  {
    rule: 'src/base is the ground: it knows nothing of freno',
    folder: 'src/base/',
    mayImport: [],
  },
  {
    rule: 'src/throttle is the domain, pure: it knows no thread, no I/O and no configuration',
    folder: 'src/throttle/',
    mayImport: ['src/base/'],
  },
  {
    rule: 'src/board is memory: it knows the domain whose values it holds, and nothing else',
    folder: 'src/board/',
    mayImport: ['src/base/', 'src/throttle/'],
  },
  {
    rule: 'src/contracts holds what parts know of each other: it depends on none of them',
    folder: 'src/contracts/',
    mayImport: ['src/base/', 'src/throttle/'],
  },
  {
    rule: 'src/config reads the configuration: it depends on no part that is configured',
    folder: 'src/config/',
    mayImport: ['src/base/', 'src/contracts/'],
  },
  {
    rule: 'src/client runs in the programs of others, browsers included: it knows no part of freno',
    folder: 'src/client/',
    mayImport: ['src/base/backoff.ts'],
  },
  {
    rule: 'src/consensus/raft/core is Raft without I/O: it knows nothing of freno',
    folder: 'src/consensus/raft/core/',
    mayImport: [],
  },
  {
    rule: 'src/consensus knows neither HTTP nor probing: it runs on main and reports to contracts',
    folder: 'src/consensus/',
    mayImport: COMMON,
  },
  {
    rule: 'src/web runs in browsers: it meets freno over HTTP, and knows no part of it',
    folder: 'src/web/',
    mayImport: [],
  },
  {
    rule: 'src/demo is a separate program: it meets freno as a process, not as code',
    folder: 'src/demo/',
    mayImport: ['src/base/'],
  },
  {
    rule: 'src/http/shared is what both ends of the message ports know: it knows neither end',
    folder: 'src/http/shared/',
    mayImport: COMMON,
  },
  {
    rule: 'src/http/main runs on main: it imports nothing that runs in HTTP workers',
    folder: 'src/http/main/',
    mayImport: [...COMMON, 'src/http/shared/'],
  },
  {
    rule: 'src/http/worker runs in HTTP workers: it imports nothing that runs on main',
    folder: 'src/http/worker/',
    mayImport: [...COMMON, 'src/http/shared/'],
  },
  {
    rule: 'src/stores/main runs on main: it imports nothing that runs in probe workers',
    folder: 'src/stores/main/',
    mayImport: [...COMMON, 'src/stores/shared/'],
  },
  {
    rule: 'src/stores/prober runs in probe workers: it imports nothing that runs on main',
    folder: 'src/stores/prober/',
    mayImport: [...COMMON, 'src/stores/shared/'],
  },
  {
    rule: 'src/stores/shared is what main and probe workers know: it knows neither of them',
    folder: 'src/stores/shared/',
    mayImport: COMMON,
  },
  {
    rule: 'src/publish/main runs on main: it imports nothing that runs in probe workers',
    folder: 'src/publish/main/',
    mayImport: [...COMMON, 'src/publish/shared/'],
  },
  {
    rule: 'src/publish/prober runs in probe workers: it imports nothing that runs on main',
    folder: 'src/publish/prober/',
    mayImport: [...COMMON, 'src/publish/shared/'],
  },
  {
    rule: 'src/publish/shared is what main and workers know: it knows none of them',
    folder: 'src/publish/shared/',
    mayImport: COMMON,
  },
  {
    rule: 'src/service puts the parts on main together: it imports nothing that runs in workers',
    folder: 'src/service/',
    mayImport: [
      ...COMMON,
      'src/consensus/',
      'src/http/main/',
      'src/http/shared/',
      'src/publish/main/',
      'src/publish/shared/',
      'src/stores/main/',
      'src/stores/shared/',
    ],
  },
  {
    rule: 'src/cli/check-config does what the service does with a file: it probes by its code',
    folder: 'src/cli/check-config/',
    mayImport: [
      ...COMMON,
      'src/cli/exit-codes.ts',
      'src/cli/output/',
      'src/stores/main/hosts/',
      'src/stores/prober/mysql/',
    ],
  },
  {
    rule: 'src/cli is a client: it meets freno over HTTP, as any other client',
    folder: 'src/cli/',
    mayImport: ['src/base/', 'src/client/'],
  },
  {
    rule: 'src/main.ts goes from the command line to the service: it knows no part below it',
    folder: 'src/main.ts',
    mayImport: ['src/base/', 'src/cli/command-list.ts', 'src/config/', 'src/service/'],
  },
  {
    rule: 'workers/http.ts is the entry of HTTP workers: it imports nothing of other threads',
    folder: 'workers/http.ts',
    mayImport: [...COMMON, 'src/http/worker/', 'src/http/shared/', 'src/publish/shared/'],
  },
  {
    rule: 'workers/probe.ts is the entry of probe workers: it imports nothing of other threads',
    folder: 'workers/probe.ts',
    mayImport: [
      ...COMMON,
      'src/stores/prober/',
      'src/stores/shared/',
      'src/publish/prober/',
      'src/publish/shared/',
    ],
  },
];

/** The launcher loads the service or the client, and nothing knows it. */
const WITHOUT_RULE = ['src/freno.cts'];

describe('the layers', () => {
  const files = sourceFiles('src', 'workers');
  const imports = files.flatMap(importsOf);

  it('are looked at: the imports between folders are found', () => {
    expect(imports.length).to.be.greaterThan(500);
  });

  for (const rule of RULES) {
    it(`hold: ${rule.rule}`, () => {
      const broken = imports.filter((edge) => ruleOf(edge.from) === rule && breaks(edge, rule));
      expectNone(broken.map(({ from, to }) => `${from} imports ${to}`));
    });
  }

  it('cover every file, and every rule has files', () => {
    expect(files.filter((file) => ruleOf(file) === undefined)).to.deep.equal(WITHOUT_RULE);
    const used = new Set(files.map(ruleOf));
    // A folder that does not exist yet may have its rule.
    const idle = RULES.filter((rule) => !used.has(rule) && !rule.folder.endsWith('/shared/'));
    expect(idle.map(({ folder }) => folder)).to.deep.equal([]);
  });

  it('hold: src and workers import no test and no benchmark', () => {
    const outside = imports.filter(({ to }) => /^(?:test|bench)\//.test(to));
    expect(outside).to.deep.equal([]);
  });

  it('have no circle of imports between files, those of types included', () => {
    expectNone(cyclesOf(imports));
  });

  it('report a circle with its files', () => {
    const edge = (from: string, to: string): ImportEdge => ({ from, to });
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('c', 'b'), edge('c', 'd'), edge('a', 'd')];
    expect(cyclesOf(edges)).to.deep.equal(['b -> c -> b']);
  });
});

function ruleOf(file: string): Rule | undefined {
  return RULES.find(({ folder }) => file.startsWith(folder));
}

function breaks({ to }: ImportEdge, { folder, mayImport }: Rule): boolean {
  return ![folder, ...mayImport].some((allowed) => to.startsWith(allowed));
}
