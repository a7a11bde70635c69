/** The rules of who may do what. */
import { expect } from 'chai';
import { type AccessRole, ROLES } from '../../src/base/access-names.js';
import { callerText, Grant, isOpenAccess, OPEN_ACCESS } from '../../src/throttle/access.js';
import { commandFault } from '../../src/throttle/command-limits.js';

function grant(roles: AccessRole[], apps = ['*'], stores = ['*'], separator = ''): Grant {
  return new Grant({ roles, apps, stores }, separator);
}

describe('a grant', () => {
  it('has the roles that it lists, and no others', () => {
    for (const role of ROLES) {
      for (const asked of ROLES) {
        const expected = role === asked ? null : `the role "${asked}"`;
        expect(grant([role]).missing({ role: asked })).to.equal(expected);
      }
    }
  });

  it('covers the apps and the stores that its patterns fit', () => {
    const team = grant(['check'], ['archiver-*', 'etl'], ['mysql/main*']);
    const missing = (app: string, store: string) => team.missing({ role: 'check', app, store });
    expect(missing('archiver-7', 'mysql/main1')).to.equal(null);
    expect(missing('etl', 'mysql/main')).to.equal(null);
    expect(missing('archiver', 'mysql/main1')).to.equal('the role "check" for this app');
    expect(missing('etl2', 'mysql/main1')).to.equal('the role "check" for this app');
    expect(missing('', 'mysql/main1')).to.equal('the role "check" for this app');
    expect(missing('etl', 'mysql/audit')).to.equal('the role "check" for this store');
    expect(missing('etl', 'other/main')).to.equal('the role "check" for this store');
  });

  it('covers every app or every store only where it says so', () => {
    const every = { role: 'control', app: '*', store: '*' } as const;
    expect(grant(['control']).missing(every)).to.equal(null);
    expect(grant(['control'], ['*'], ['mysql/*']).missing(every)).to.equal(null);
    expect(grant(['control'], ['a*', '**']).missing(every)).to.contain('every app');
    expect(grant(['control'], ['*'], ['mysql/main*']).missing(every)).to.contain('every store');
    expect(grant(['control'], [], []).missing(every)).to.contain('every app');
  });

  it('for an app is one for its parts, and not the other way round', () => {
    const ofGroup = grant(['check'], ['gh-ost'], ['*'], ':');
    const ofPart = grant(['check'], ['gh-ost:orders'], ['*'], ':');
    expect(ofGroup.missing({ role: 'check', app: 'gh-ost:orders' })).to.equal(null);
    expect(ofPart.missing({ role: 'check', app: 'gh-ost' })).to.not.equal(null);
  });
});

describe('open access', () => {
  it('is that in which every caller may do everything and none has a name', () => {
    expect(isOpenAccess(OPEN_ACCESS)).to.equal(true);
    expect(isOpenAccess({ ...OPEN_ACCESS, anonymous: ['check', 'read', 'control'] })).to.equal(
      false,
    );
    const named = { name: 'ci', sha256: '0', roles: [], apps: [], stores: [] };
    expect(isOpenAccess({ ...OPEN_ACCESS, tokens: [named] })).to.equal(false);
    expect(isOpenAccess({ ...OPEN_ACCESS, certificates: [named] })).to.equal(false);
  });
});

describe('the text that names a caller', () => {
  const textOf = (name: string) => callerText({ kind: 'certificate', name, grant: grant([]) });

  it('is the kind and the name', () => {
    expect(textOf('archiver')).to.equal('certificate archiver');
  });

  it('is one that a command may carry to the leader, whatever a certificate says', () => {
    for (const name of ['n'.repeat(250), 'a\u0000b\nc', '🐢'.repeat(128)]) {
      const caller = textOf(name)!;
      expect(commandFault({ kind: 'recoverHost', atMs: 1, host: 'h', caller }), name).to.equal(
        null,
      );
    }
  });
});
