/** Name look-ups, with a resolver that answers when the test says so. */
import type { LookupAddress } from 'node:dns';
import { expect } from 'chai';
import { Names, type Resolver } from '../../src/stores/names.js';

type Finish = Parameters<Resolver>[1];

class ManualResolver {
  readonly asked: string[] = [];
  readonly #underWay = new Map<string, Finish>();

  readonly resolve: Resolver = (name, callback) => {
    this.asked.push(name);
    this.#underWay.set(name, callback);
  };

  get underWay(): number {
    return this.#underWay.size;
  }

  finish(name: string, address: string | null): void {
    const callback = this.#underWay.get(name)!;
    this.#underWay.delete(name);
    if (address === null) callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    else callback(null, [{ address, family: 4 }]);
  }
}

function look(names: Names, name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    names.lookup(name, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses as LookupAddress[]);
    });
  });
}

describe('name look-ups', () => {
  it('are at most two at a time, in the order of asking', () => {
    const resolver = new ManualResolver();
    const names = new Names(resolver.resolve);
    for (const name of ['a', 'b', 'c', 'd']) void look(names, name);
    expect(resolver.asked).to.deep.equal(['a', 'b']);
    resolver.finish('b', '10.0.0.2');
    expect(resolver.asked).to.deep.equal(['a', 'b', 'c']);
    expect(resolver.underWay).to.equal(2);
  });

  it('of one name are one look-up, and its answer is used again', async () => {
    const resolver = new ManualResolver();
    const names = new Names(resolver.resolve);
    const both = [look(names, 'a'), look(names, 'a')];
    resolver.finish('a', '10.0.0.1');
    const expected = [{ address: '10.0.0.1', family: 4 }];
    expect(await Promise.all(both)).to.deep.equal([expected, expected]);
    expect(await look(names, 'a')).to.deep.equal(expected);
    expect(resolver.asked).to.deep.equal(['a']);
  });

  it('that fail are not repeated at each attempt', async () => {
    const resolver = new ManualResolver();
    const names = new Names(resolver.resolve);
    const failure = (asked: Promise<unknown>) =>
      asked.then(
        () => expect.fail('found'),
        (error: Error) => error,
      );
    const first = failure(look(names, 'a'));
    resolver.finish('a', null);
    expect(await first).to.have.property('code', 'ENOTFOUND');
    expect(await failure(look(names, 'a'))).to.have.property('code', 'ENOTFOUND');
    expect(resolver.asked).to.deep.equal(['a']);
  });

  it('drop attempts that have been given up when a resolver hangs', () => {
    const resolver = new ManualResolver();
    const names = new Names(resolver.resolve);
    const answered: number[] = [];
    for (let attempt = 0; attempt < 100; attempt++) {
      names.lookup('a', {}, () => answered.push(attempt));
    }
    resolver.finish('a', '10.0.0.1');
    expect(answered.length).to.be.below(10);
    expect(answered.at(-1)).to.equal(99);
  });
});
