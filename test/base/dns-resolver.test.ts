/** Name look-ups, with a resolver that answers when the test says so. */
import type { LookupAddress } from 'node:dns';
import { expect } from 'chai';
import {
  FairResolver,
  type ResolverClient,
  type SystemLookup,
} from '../../src/base/dns-resolver.js';

type Finish = Parameters<SystemLookup>[1];

const LIMITS = { lookupsMax: 3, foundMs: 5_000, notFoundMs: 1_000 };

class ManualResolver {
  readonly asked: string[] = [];
  readonly #underWay = new Map<string, Finish>();

  readonly resolve: SystemLookup = (name, callback) => {
    this.asked.push(name);
    this.#underWay.set(name, callback);
  };

  get underWay(): string[] {
    return [...this.#underWay.keys()];
  }

  finish(name: string, address: string | null): void {
    const callback = this.#underWay.get(name)!;
    this.#underWay.delete(name);
    if (address === null) callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    else callback(null, [{ address, family: 4 }]);
  }
}

function look(party: ResolverClient, name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    party.lookup(name, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses as LookupAddress[]);
    });
  });
}

/** Asks for names whose answers do not matter. */
function ask(party: ResolverClient, ...asked: readonly string[]): void {
  for (const name of asked) party.lookup(name, {}, () => undefined);
}

describe('name look-ups', () => {
  let resolver: ManualResolver;
  let nowMs: number;
  let names: FairResolver;
  let party: ResolverClient;

  beforeEach(() => {
    resolver = new ManualResolver();
    nowMs = 0;
    names = new FairResolver({
      limits: LIMITS,
      systemLookup: resolver.resolve,
      nowMs: () => nowMs,
    });
    party = names.client();
  });

  it('are a bounded number at a time, in the order of asking', () => {
    const others = [names.client(), names.client()];
    ask(party, 'a', 'b', 'c', 'd');
    for (const other of others) ask(other, 'e');
    ask(others[1]!, 'f');
    expect(resolver.asked).to.deep.equal(['a', 'b', 'e']);
    resolver.finish('b', '10.0.0.2');
    expect(resolver.underWay).to.deep.equal(['a', 'e', 'f']);
    resolver.finish('a', '10.0.0.1');
    expect(resolver.asked).to.deep.equal(['a', 'b', 'e', 'f', 'c']);
  });

  it('of one name are one look-up, and its answer is used again for a while', async () => {
    const both = [look(party, 'a'), look(names.client(), 'a')];
    resolver.finish('a', '10.0.0.1');
    const expected = [{ address: '10.0.0.1', family: 4 }];
    expect(await Promise.all(both)).to.deep.equal([expected, expected]);
    nowMs = LIMITS.foundMs - 1;
    expect(await look(party, 'a')).to.deep.equal(expected);
    expect(resolver.asked).to.deep.equal(['a']);
    nowMs = LIMITS.foundMs;
    ask(party, 'a');
    expect(resolver.asked).to.deep.equal(['a', 'a']);
  });

  it('that fail are not repeated at each attempt', async () => {
    const failure = (asked: Promise<unknown>) =>
      asked.then(
        () => expect.fail('found'),
        (error: Error) => error,
      );
    const first = failure(look(party, 'a'));
    resolver.finish('a', null);
    expect(await first).to.have.property('code', 'ENOTFOUND');
    expect(await failure(look(party, 'a'))).to.have.property('code', 'ENOTFOUND');
    expect(resolver.asked).to.deep.equal(['a']);
  });

  it('drop attempts that have been given up when a resolver hangs', () => {
    const answered: number[] = [];
    for (let attempt = 0; attempt < 100; attempt++) {
      nowMs += 1_000;
      party.lookup('a', {}, () => answered.push(attempt));
    }
    resolver.finish('a', '10.0.0.1');
    expect(answered).to.deep.equal([94, 95, 96, 97, 98, 99]);
  });

  it('answer all that wait for one name, like the many servers of one machine', async () => {
    const many = Array.from({ length: 1_000 }, () => look(party, 'a'));
    resolver.finish('a', '10.0.0.1');
    expect(await Promise.all(many)).to.have.length(1_000);
  });

  it('are not made for a name that nobody has asked for in a while', () => {
    ask(party, 'a', 'b', 'gone', 'd');
    nowMs = 6_000;
    ask(party, 'd');
    resolver.finish('a', '10.0.0.1');
    expect(resolver.asked).to.deep.equal(['a', 'b', 'd']);
    ask(party, 'gone');
    resolver.finish('b', '10.0.0.2');
    expect(resolver.asked).to.deep.equal(['a', 'b', 'd', 'gone']);
  });

  it('that hang for one party leave the last one to another, again and again', () => {
    ask(party, 'dead1', 'dead2', 'dead3', 'dead4');
    const other = names.client();
    for (const name of ['x', 'y', 'z']) {
      ask(other, name);
      expect(resolver.underWay).to.deep.equal(['dead1', 'dead2', name]);
      resolver.finish(name, '10.0.0.1');
    }
  });

  it('are next for the party that has taken less time', () => {
    const quick = names.client();
    ask(party, 'dead1', 'dead2', 'dead3', 'dead4');
    ask(quick, 'x', 'y', 'z');
    expect(resolver.underWay).to.deep.equal(['dead1', 'dead2', 'x']);
    nowMs = 2_000;
    resolver.finish('dead1', null);
    resolver.finish('dead2', null);
    expect(resolver.underWay).to.deep.equal(['x', 'y', 'dead3']);
  });

  it('of names that failed last time come after all others, and never take the last one', () => {
    const retried = ['a', 'b', 'c', 'd'];
    for (const name of retried) {
      ask(party, name);
      resolver.finish(name, null);
    }
    nowMs = 10_000;
    ask(party, ...retried);
    expect(resolver.underWay).to.deep.equal(['a', 'b']);
    ask(party, 'x');
    expect(resolver.underWay).to.deep.equal(['a', 'b', 'x']);
    ask(names.client(), 'y');
    resolver.finish('a', null);
    expect(resolver.underWay).to.deep.equal(['b', 'x', 'y']);
    resolver.finish('x', '10.0.0.1');
    expect(resolver.underWay).to.deep.equal(['b', 'y']);
    resolver.finish('y', '10.0.0.1');
    expect(resolver.underWay).to.deep.equal(['b', 'c']);
  });

  it('tell of a name whether it only waits for its turn', () => {
    ask(party, 'a', 'b', 'c');
    expect(['a', 'c', '10.0.0.1'].map((name) => party.isQueued(name))).to.deep.equal([
      false,
      true,
      false,
    ]);
  });
});
