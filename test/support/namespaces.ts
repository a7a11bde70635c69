/**
 * Hosts of our own on this machine: network namespaces that share a switch, whose links can be cut
 * and muted. Each has besides a direct link to this process, so that what a cut-off node says can
 * still be heard.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { endingWithUs } from './child.js';

/** Longest name of a network interface is 15 bytes; the process id distinguishes runs. */
const PREFIX = `fr${process.pid % 100_000}`;
const SWITCH = `${PREFIX}s`;
const PEER_NETWORK = '10.213.0';
const CLIENT_NETWORKS = 256;
const NOWHERE = '02:00:00:00:00:fe';

/** Whether this process may make network namespaces. */
export function mayMakeNamespaces(): boolean {
  try {
    ip('netns', 'add', `${PREFIX}t`);
    ip('netns', 'del', `${PREFIX}t`);
    return true;
  } catch {
    return false;
  }
}

export class NamespaceHost {
  readonly #namespace: string;
  readonly #port: string;

  /** `clientNetwork`: in this process's own namespace, where another run may have its hosts too. */
  constructor(
    private readonly index: number,
    private readonly clientNetwork: string,
  ) {
    this.#namespace = `${PREFIX}n${index}`;
    this.#port = `p${index}`;
  }

  /** Where its peers reach it. */
  get peerAddress(): string {
    return `${PEER_NETWORK}.${this.index + 1}`;
  }

  /** Where this process reaches it, cut off from its peers or not. */
  get clientAddress(): string {
    return `${this.clientNetwork}.2`;
  }

  make(): void {
    const inside = ['-n', this.#namespace];
    ip('netns', 'add', this.#namespace);
    ip(...inside, 'link', 'set', 'lo', 'up');
    ip(
      'link',
      'add',
      'peer',
      'netns',
      this.#namespace,
      'type',
      'veth',
      'peer',
      'name',
      this.#port,
      'netns',
      SWITCH,
    );
    ip('-n', SWITCH, 'link', 'set', this.#port, 'master', 'bridge', 'up');
    ip(...inside, 'addr', 'add', `${this.peerAddress}/24`, 'dev', 'peer');
    ip(...inside, 'link', 'set', 'peer', 'up');
    const outside = `${PREFIX}c${this.index}`;
    ip('link', 'add', 'client', 'netns', this.#namespace, 'type', 'veth', 'peer', 'name', outside);
    ip('addr', 'add', `${this.clientNetwork}.1/24`, 'dev', outside);
    ip('link', 'set', outside, 'up');
    ip(...inside, 'addr', 'add', `${this.clientAddress}/24`, 'dev', 'client');
    ip(...inside, 'link', 'set', 'client', 'up');
  }

  spawn(command: string, args: readonly string[]): ChildProcess {
    return endingWithUs(
      spawn('ip', ['netns', 'exec', this.#namespace, command, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
  }

  /** Nothing passes between this host and its peers, in either direction. */
  cut(): void {
    ip('-n', SWITCH, 'link', 'set', this.#port, 'down');
  }

  /** What this host sends to its peers is lost; what they send arrives. */
  mute(peers: readonly NamespaceHost[]): void {
    for (const { peerAddress } of peers) {
      ip(
        '-n',
        this.#namespace,
        'neigh',
        'replace',
        peerAddress,
        'lladdr',
        NOWHERE,
        'dev',
        'peer',
        'nud',
        'permanent',
      );
    }
  }

  heal(): void {
    ip('-n', SWITCH, 'link', 'set', this.#port, 'up');
    ip('-n', this.#namespace, 'neigh', 'flush', 'dev', 'peer', 'nud', 'permanent');
  }

  remove(): void {
    tryIp('netns', 'del', this.#namespace);
  }
}

/** Makes so many hosts on one switch. */
export function makeHosts(count: number): NamespaceHost[] {
  ip('netns', 'add', SWITCH);
  ip('-n', SWITCH, 'link', 'add', 'bridge', 'type', 'bridge');
  ip('-n', SWITCH, 'link', 'set', 'bridge', 'up');
  const networks = freeNetworks();
  const hosts = Array.from(
    { length: count },
    (_, index) => new NamespaceHost(index, networks[index]!),
  );
  for (const host of hosts) host.make();
  return hosts;
}

/** Client networks that no interface here is in, those of this process's place first. */
function freeNetworks(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const taken = new Set(addresses.map(({ address }) => address.replace(/\.\d+$/, '')));
  return Array.from(
    { length: CLIENT_NETWORKS },
    (_, offset) => `10.214.${(4 * process.pid + offset) % CLIENT_NETWORKS}`,
  ).filter((network) => !taken.has(network));
}

/** Their processes must have ended. */
export function removeHosts(hosts: readonly NamespaceHost[]): void {
  for (const host of hosts) host.remove();
  tryIp('netns', 'del', SWITCH);
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** For the end, when some of it may not be there. */
function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It was not made.
  }
}
