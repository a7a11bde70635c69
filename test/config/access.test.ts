/** Who may do what, in the configuration. */
import { expect } from 'chai';
import { changes } from '../../src/config/changes.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { serviceSettings } from '../../src/config/settings.js';
import { check, configOf, MINIMAL, problemsOf } from './documents.js';

const SHA256 = 'ab'.repeat(32);
const TOKEN = { Name: 'ci', SHA256, Roles: ['check' as const] };

const problems = (Access: object) => problemsOf({ ...MINIMAL, Access });

describe('Access', () => {
  it('that is not set lets every caller do everything', () => {
    expect(serviceSettings(configOf({}), 2).access).to.deep.equal({
      separator: '',
      anonymous: ['check', 'read', 'control', 'admin'],
      tokens: [],
      certificates: [],
    });
  });

  it('has tokens and certificates with their rights, for all apps and stores unless given', () => {
    const Access: ConfigInput['Access'] = {
      Anonymous: ['check', 'read'],
      Tokens: [{ ...TOKEN, SHA256: SHA256.toUpperCase(), Apps: ['etl-*'] }],
      Certificates: [{ Name: 'job.example.com', Roles: ['control'], Stores: ['mysql/main*'] }],
    };
    expect(serviceSettings(configOf({ Access, AppSeparator: ':' }), 2).access).to.deep.equal({
      separator: ':',
      anonymous: ['check', 'read'],
      tokens: [{ name: 'ci', sha256: SHA256, roles: ['check'], apps: ['etl-*'], stores: ['*'] }],
      certificates: [
        { name: 'job.example.com', roles: ['control'], apps: ['*'], stores: ['mysql/main*'] },
      ],
    });
  });

  it('refuses what is no role, digest or pattern, by its path', () => {
    const wrong = (token: object) => problems({ Tokens: [{ ...TOKEN, ...token }] }).join();
    expect(problems({ Anonymous: ['write'] }).join()).to.contain('Access.Anonymous[0]');
    expect(wrong({ SHA256: 'secret' })).to.contain('Access.Tokens[0].SHA256');
    expect(wrong({ SHA256: 'secret' })).to.not.contain('"secret"');
    expect(wrong({ Name: 'a b' })).to.contain('Access.Tokens[0].Name');
    expect(wrong({ Apps: ['a/b'] })).to.contain('Access.Tokens[0].Apps[0]');
    expect(wrong({ Stores: ['main'] })).to.contain('Access.Tokens[0].Stores[0]');
    expect(wrong({ Role: ['check'] })).to.contain('Access.Tokens[0].Role');
    expect(wrong({ Roles: undefined })).to.contain('Access.Tokens[0].Roles');
  });

  it('refuses two tokens of one name or one digest', () => {
    expect(problems({ Tokens: [TOKEN, TOKEN] })).to.have.length(2);
    expect(problems({ Tokens: [TOKEN, { ...TOKEN, Name: 'cd' }] })).to.deep.equal([
      'Access.Tokens[1].SHA256: the same as Access.Tokens[0].SHA256; each caller needs its own',
    ]);
  });

  it('warns of tokens that restrict no caller', () => {
    const warnings = (Access: object) => check({ ...MINIMAL, Access }).warnings;
    expect(warnings({ Tokens: [TOKEN] }).join()).to.contain('Access.Anonymous');
    expect(warnings({ Tokens: [TOKEN], Anonymous: ['check', 'read'] })).to.deep.equal([]);
  });

  it('takes effect on a reload, which shows no digest', () => {
    const found = changes(
      configOf({ Access: { Tokens: [TOKEN] } }),
      configOf({ Access: { Anonymous: ['read'], Tokens: [] } }),
    );
    expect(found.every(({ live }) => live)).to.equal(true);
    expect(found.map(({ line }) => line)).to.include('Access.Tokens: (changed)');
    expect(JSON.stringify(found)).to.not.contain(SHA256);
  });
});
