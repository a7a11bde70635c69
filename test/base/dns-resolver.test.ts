/** The fair resolver, over a system resolver that the test controls. */
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
  readonly started: string[] = [];
  readonly #inProgress = new Map<string, Finish>();

  readonly resolve: SystemLookup = (name, callback) => {
    this.started.push(name);
    this.#inProgress.set(name, callback);
  };

  get inProgress(): string[] {
    return [...this.#inProgress.keys()];
  }

  finish(name: string, address: string | null, code = 'ENOTFOUND'): void {
    const callback = this.#inProgress.get(name)!;
    this.#inProgress.delete(name);
    if (address === null) callback(Object.assign(new Error('no'), { code }), []);
    else callback(null, [{ address, family: 4 }]);
  }
}

function addressesOf(client: ResolverClient, name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    client.lookup(name, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses as LookupAddress[]);
    });
  });
}

/** Looks up names whose results do not matter. */
function lookUp(client: ResolverClient, ...wanted: readonly string[]): void {
  for (const name of wanted) client.lookup(name, {}, () => undefined);
}

describe('FairResolver', () => {
  let resolver: ManualResolver;
  let nowMs: number;
  let names: FairResolver;
  let client: ResolverClient;

  beforeEach(() => {
    resolver = new ManualResolver();
    nowMs = 0;
    names = new FairResolver({
      limits: LIMITS,
      systemLookup: resolver.resolve,
      nowMs: () => nowMs,
    });
    client = names.client();
  });

  it('runs a bounded number of look-ups, in the order of the requests', () => {
    const others = [names.client(), names.client()];
    lookUp(client, 'a', 'b', 'c', 'd');
    for (const other of others) lookUp(other, 'e');
    lookUp(others[1]!, 'f');
    expect(resolver.started).to.deep.equal(['a', 'b', 'e']);
    resolver.finish('b', '10.0.0.2');
    expect(resolver.inProgress).to.deep.equal(['a', 'e', 'f']);
    resolver.finish('a', '10.0.0.1');
    expect(resolver.started).to.deep.equal(['a', 'b', 'e', 'f', 'c']);
  });

  it('shares one look-up per name and caches its result', async () => {
    const both = [addressesOf(client, 'a'), addressesOf(names.client(), 'a')];
    resolver.finish('a', '10.0.0.1');
    const expected = [{ address: '10.0.0.1', family: 4 }];
    expect(await Promise.all(both)).to.deep.equal([expected, expected]);
    nowMs = LIMITS.foundMs - 1;
    expect(await addressesOf(client, 'a')).to.deep.equal(expected);
    expect(resolver.started).to.deep.equal(['a']);
    nowMs = LIMITS.foundMs;
    lookUp(client, 'a');
    expect(resolver.started).to.deep.equal(['a', 'a']);
  });

  it('caches a failure', async () => {
    const failure = (lookup: Promise<unknown>) =>
      lookup.then(
        () => expect.fail('found'),
        (error: Error) => error,
      );
    const first = failure(addressesOf(client, 'a'));
    resolver.finish('a', null);
    expect(await first).to.have.property('code', 'ENOTFOUND');
    expect(await failure(addressesOf(client, 'a'))).to.have.property('code', 'ENOTFOUND');
    expect(resolver.started).to.deep.equal(['a']);
  });

  it('drops waiters that have timed out while the name server is stuck', () => {
    const resolved: number[] = [];
    for (let attempt = 0; attempt < 100; attempt++) {
      nowMs += 1_000;
      client.lookup('a', {}, () => resolved.push(attempt));
    }
    resolver.finish('a', '10.0.0.1');
    expect(resolved).to.deep.equal([94, 95, 96, 97, 98, 99]);
  });

  it('resolves a thousand waiters for one name', async () => {
    const many = Array.from({ length: 1_000 }, () => addressesOf(client, 'a'));
    resolver.finish('a', '10.0.0.1');
    expect(await Promise.all(many)).to.have.length(1_000);
  });

  it('does not look up a name whose waiters have all timed out', () => {
    lookUp(client, 'a', 'b', 'gone', 'd');
    nowMs = 6_000;
    lookUp(client, 'd');
    resolver.finish('a', '10.0.0.1');
    expect(resolver.started).to.deep.equal(['a', 'b', 'd']);
    lookUp(client, 'gone');
    resolver.finish('b', '10.0.0.2');
    expect(resolver.started).to.deep.equal(['a', 'b', 'd', 'gone']);
  });

  it('reserves the last look-up for clients without one in progress', () => {
    lookUp(client, 'dead1', 'dead2', 'dead3', 'dead4');
    const other = names.client();
    for (const name of ['x', 'y', 'z']) {
      lookUp(other, name);
      expect(resolver.inProgress).to.deep.equal(['dead1', 'dead2', name]);
      resolver.finish(name, '10.0.0.1');
    }
  });

  it('serves the client that has used less time first', () => {
    const quick = names.client();
    lookUp(client, 'dead1', 'dead2', 'dead3', 'dead4');
    lookUp(quick, 'x', 'y', 'z');
    expect(resolver.inProgress).to.deep.equal(['dead1', 'dead2', 'x']);
    nowMs = 2_000;
    resolver.finish('dead1', null);
    resolver.finish('dead2', null);
    expect(resolver.inProgress).to.deep.equal(['x', 'y', 'dead3']);
  });

  it('looks failed names up after all others, and never with the last look-up', () => {
    const retried = ['a', 'b', 'c', 'd'];
    for (const name of retried) {
      lookUp(client, name);
      resolver.finish(name, null);
    }
    nowMs = 10_000;
    lookUp(client, ...retried);
    expect(resolver.inProgress).to.deep.equal(['a', 'b']);
    lookUp(client, 'x');
    expect(resolver.inProgress).to.deep.equal(['a', 'b', 'x']);
    lookUp(names.client(), 'y');
    resolver.finish('a', null);
    expect(resolver.inProgress).to.deep.equal(['b', 'x', 'y']);
    resolver.finish('x', '10.0.0.1');
    expect(resolver.inProgress).to.deep.equal(['b', 'y']);
    resolver.finish('y', '10.0.0.1');
    expect(resolver.inProgress).to.deep.equal(['b', 'c']);
  });

  it('reports whether a look-up is not over, queued or in progress', () => {
    lookUp(client, 'a', 'b', 'c');
    const pending = () => ['a', 'c', '10.0.0.1'].map((name) => client.isPending(name));
    expect(pending()).to.deep.equal([true, true, false]);
    resolver.finish('a', '10.0.0.1');
    expect(pending()).to.deep.equal([false, true, false]);
  });

  it('looks names up that were found before those that never were', () => {
    lookUp(client, 'known');
    resolver.finish('known', '10.0.0.1');
    nowMs = LIMITS.foundMs;
    const others = Array.from({ length: 50 }, () => names.client());
    for (const [number, other] of others.entries()) lookUp(other, `dead${number}`);
    lookUp(client, 'known');
    expect(resolver.inProgress).to.deep.equal(['dead0', 'dead1', 'dead2']);
    resolver.finish('dead0', null);
    resolver.finish('dead1', null);
    expect(resolver.inProgress).to.include('known');
  });

  it('leaves a look-up to new names while many known ones are looked up', () => {
    const known = Array.from({ length: 20 }, (_, number) => `known${number}`);
    for (const name of known) {
      lookUp(client, name);
      resolver.finish(name, '10.0.0.1');
    }
    nowMs = LIMITS.foundMs;
    lookUp(client, ...known);
    expect(resolver.inProgress).to.deep.equal(['known0', 'known1', 'known2']);
    lookUp(names.client(), 'new');
    resolver.finish('known0', '10.0.0.1');
    expect(resolver.inProgress).to.deep.equal(['known1', 'known2', 'new']);
  });

  it('uses the last addresses while the look-up hangs, or no name server answers', async () => {
    const expected = [{ address: '10.0.0.1', family: 4 }];
    lookUp(client, 'known');
    resolver.finish('known', '10.0.0.1');
    nowMs = LIMITS.foundMs;
    expect(await addressesOf(client, 'known')).to.deep.equal(expected);
    expect(resolver.inProgress).to.deep.equal(['known']);
    resolver.finish('known', null, 'EAI_AGAIN');
    expect(await addressesOf(client, 'known')).to.deep.equal(expected);
    nowMs += LIMITS.notFoundMs;
    const gone = addressesOf(client, 'known').then(
      () => expect.fail('found'),
      (error: Error) => error,
    );
    resolver.finish('known', null);
    expect(await gone).to.have.property('code', 'ENOTFOUND');
  });
});
