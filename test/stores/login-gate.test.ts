/** Places for logins to one address. */
import { expect } from 'chai';
import { LOGINS_MAX, LoginGate } from '../../src/stores/prober/mysql/login-gate.js';

describe('the places for logins', () => {
  const gate = new LoginGate();
  const places = Array.from({ length: LOGINS_MAX + 1 }, () => gate.place('db1:3306'));
  const [first, ...others] = places;
  const last = others.at(-1)!;

  afterEach(() => {
    for (const place of places) place.leave();
  });

  it('are as many for each address, and free again after the login', () => {
    for (const place of places) expect(place.take()).to.equal(place !== last);
    expect(gate.place('db2:3306').take()).to.equal(true);
    expect(first!.take(), 'its own').to.equal(true);
    first!.leave();
    first!.leave();
    expect(last.take()).to.equal(true);
    expect(first!.take()).to.equal(false);
  });

  it('show an address as unreachable while no login has a connection', () => {
    for (const place of places) {
      place.take();
      place.setDialing(true);
    }
    expect(last.isUnreachable).to.equal(true);
    first!.setDialing(false);
    expect(last.isUnreachable).to.equal(false);
    first!.leave();
    expect(last.isUnreachable).to.equal(true);
  });
});
