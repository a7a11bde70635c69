/** Who sends a request: by a token, by a certificate, or anonymous. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Callers } from '../../src/http/worker/access/callers.js';
import { type Caller, callerText } from '../../src/throttle/access.js';

const RIGHTS = { roles: ['control' as const], apps: ['*'], stores: ['*'] };
const SHA256 = createHash('sha256').update('freno_a-b').digest('hex');
const TOKEN = 'Bearer freno_a-b';

const callers = new Callers({
  separator: '',
  anonymous: ['check'],
  tokens: [{ ...RIGHTS, name: 'ci', sha256: SHA256 }],
  certificates: [{ ...RIGHTS, name: 'job.example.com' }],
});

function nameOf(authorization: string, certificate = ''): string | undefined {
  const caller = callers.callerOf(authorization, certificate);
  return caller === undefined ? 'unknown token' : callerText(caller);
}

describe('a caller', () => {
  it('is named by its token, whatever the case of the scheme and however often it comes', () => {
    for (const header of [TOKEN, TOKEN, 'bearer freno_a-b', 'BEARER  freno_a-b ']) {
      expect(nameOf(header), header).to.equal('token ci');
    }
    expect(callers.callerOf(TOKEN, '')).to.equal(callers.callerOf('bearer freno_a-b', ''));
  });

  it('with anything else after "Bearer" has an unknown token', () => {
    for (const header of [
      'Bearer',
      'Bearer ',
      'Bearer freno_a-B',
      `${TOKEN},${TOKEN}`,
      `${TOKEN} x`,
    ]) {
      expect(nameOf(header), header).to.equal('unknown token');
      expect(nameOf(header, 'job.example.com'), header).to.equal('unknown token');
    }
    expect(nameOf(`Bearer ${SHA256}`)).to.equal('unknown token');
  });

  it('is named by its certificate unless it has a token', () => {
    expect(nameOf('', 'job.example.com')).to.equal('certificate job.example.com');
    expect(nameOf('Basic eDp5', 'job.example.com')).to.equal('certificate job.example.com');
    expect(nameOf(TOKEN, 'job.example.com')).to.equal('token ci');
  });

  it('whose certificate is given no rights has a name, and those of anonymous callers', () => {
    const { grant } = callers.callerOf('', 'other.example.com') as Caller;
    expect(nameOf('', 'other.example.com')).to.equal('certificate other.example.com');
    expect([grant.hasRole('check'), grant.hasRole('control')]).to.deep.equal([true, false]);
  });

  it('without both is anonymous, also with the header of a proxy', () => {
    for (const header of ['', 'Basic eDp5', 'Bearers x']) {
      expect(callers.callerOf(header, ''), header).to.equal(callers.anonymous);
    }
  });
});
