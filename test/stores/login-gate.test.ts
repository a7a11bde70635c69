/** Places for logins to one address. */
import { expect } from 'chai';
import { LoginCounts } from '../../src/board/login-counts.js';
import {
  LOGINS_MAX,
  LoginGate,
  type LoginPlace,
} from '../../src/stores/prober/mysql/login-gate.js';

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

  it('are as many for all threads together, and free when a thread is replaced', () => {
    const memory = LoginCounts.memory(2);
    const placesOf = (thread: number): LoginPlace[] => {
      const ofThread = new LoginGate(new LoginCounts(memory, thread));
      return Array.from({ length: LOGINS_MAX }, () => ofThread.place('db1:3306'));
    };
    const [one, other] = [placesOf(0), placesOf(1)];
    let taken = 0;
    for (let index = 0; index < LOGINS_MAX; index++) {
      for (const place of [one[index]!, other[index]!]) if (place.take()) taken++;
    }
    expect(taken).to.equal(LOGINS_MAX);
    expect(other.at(-1)!.isUnreachable, 'all of them only connect').to.equal(true);
    one[0]!.setDialing(false);
    expect(other.at(-1)!.isUnreachable).to.equal(false);
    const replaced = placesOf(0);
    expect(replaced[0]!.isUnreachable).to.equal(true);
    expect(replaced.filter((place) => place.take())).to.have.length(LOGINS_MAX / 2);
    expect(other.at(-1)!.take()).to.equal(false);
    for (const place of other) place.leave();
    expect(placesOf(1).filter((place) => place.take())).to.have.length(LOGINS_MAX / 2);
  });

  it('of an address do not depend on how many other addresses there are', () => {
    const busy = Array.from({ length: 3_000 }, (_, host) => gate.place(`other${host}:3306`));
    for (const place of busy) expect(place.take()).to.equal(true);
    for (const place of places) expect(place.take()).to.equal(place !== last);
    for (const place of busy) place.leave();
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
