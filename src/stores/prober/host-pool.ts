/**
 * The hosts of one store that are connected to, by login and address: metrics that read the same
 * host with the same login share its probe.
 */
import { formatAddress } from '../../base/address.js';
import { type LoginSettings, loginOf } from '../../base/mysql/login.js';
import type { MetricSettings, ProbeTarget } from '../../contracts/stores.js';
import { loginKey } from '../shared/probe-identity.js';
import { type HostContext, type HostLogin, ProbedHost } from './host.js';
import { TRIED_HOSTS_MAX, tryLogin } from './login-trial.js';

export type ConnectionSettings = LoginSettings & Pick<MetricSettings, 'connectionMaxAgeMs'>;

interface LoginGroup extends HostLogin {
  /** By address. */
  readonly hosts: Map<string, ProbedHost>;
}

export class HostPool {
  readonly #context: HostContext;
  #connectionMaxAgeMs = Number.POSITIVE_INFINITY;
  /** By `loginKey`. */
  readonly #groups = new Map<string, LoginGroup>();
  #isProbing = false;

  constructor(context: Omit<HostContext, 'connectionMaxAgeMs'>) {
    this.#context = { ...context, connectionMaxAgeMs: () => this.#connectionMaxAgeMs };
  }

  /** Those hosts with that login; new ones are probed after `settle`. */
  hosts(targets: readonly ProbeTarget[], settings: ConnectionSettings): ProbedHost[] {
    this.#connectionMaxAgeMs = settings.connectionMaxAgeMs;
    const group = this.#group(settings);
    const { hosts } = group;
    return targets.map((target) => {
      const address = formatAddress(target);
      const present = hosts.get(address);
      if (present !== undefined) return present;
      const host = new ProbedHost(target, group, this.#context);
      hosts.set(address, host);
      return host;
    });
  }

  /** Whether the store has hosts, and none of them accepted the latest login. */
  get isCutOff(): boolean {
    for (const { hosts } of this.#groups.values()) {
      for (const { isReached } of hosts.values()) if (isReached) return false;
    }
    return this.#groups.size > 0;
  }

  /** Resolves whether one of the first hosts accepts a login now, or there are none. */
  async tryLogin(): Promise<boolean> {
    const tried: ProbedHost[] = [];
    for (const { hosts } of this.#groups.values()) {
      for (const host of hosts.values()) if (tried.length < TRIED_HOSTS_MAX) tried.push(host);
    }
    if (tried.length === 0) return true;
    return tryLogin(tried.map((host) => (listener) => host.trialProbe(listener)));
  }

  /** Their next query is due at once. */
  wake(): void {
    for (const { hosts } of this.#groups.values()) for (const host of hosts.values()) host.wake();
  }

  /** Queries all hosts at once, or closes all connections. */
  setProbing(isProbing: boolean): void {
    this.#isProbing = isProbing;
    for (const { hosts } of this.#groups.values()) {
      for (const host of hosts.values()) {
        if (isProbing) host.start();
        else host.stop();
      }
    }
  }

  /**
   * After changes: probes what the metrics read now, and closes the hosts that none uses any more.
   * `checked`: those that an HTTP check decides.
   */
  settle(checked: ReadonlySet<string>): void {
    for (const [key, { hosts }] of this.#groups) {
      for (const [address, host] of hosts) {
        host.isChecked = checked.has(address);
        if (host.isUnused) {
          hosts.delete(address);
          host.stop();
        } else if (this.#isProbing) host.settle();
      }
      if (hosts.size === 0) this.#groups.delete(key);
    }
  }

  /** One object for equal settings: files are read once, and kept with the login. */
  #group(settings: LoginSettings): LoginGroup {
    const key = loginKey(settings);
    const present = this.#groups.get(key);
    if (present !== undefined) return present;
    const login = { ...loginOf(settings), turn: this.#context.turn };
    const group: LoginGroup = { key, login, hosts: new Map() };
    this.#groups.set(key, group);
    return group;
  }
}
