/**
 * The hosts of one store that are connected to, by login and address: metrics that read the same
 * host with the same login share its connection.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import type { Login } from '../../base/mysql/connection.js';
import { type LoginSettings, loginOf } from '../../base/mysql/login.js';
import type { MetricSettings, ProbeTarget } from '../../contracts/stores.js';
import { type HostContext, ProbedHost } from './host.js';
import { TRIED_HOSTS_MAX, tryLogin } from './login-trial.js';
import type { MemberScheduling } from './probe-scheduler.js';

export type ConnectionSettings = LoginSettings & Pick<MetricSettings, 'connectionMaxAgeMs'>;

type HostPoolContext = Omit<HostContext, 'connectionMaxAgeMs'>;

interface LoginGroup {
  readonly settings: LoginSettings;
  readonly login: Login;
  /** By address. */
  readonly hosts: Map<string, ProbedHost>;
}

export class HostPool {
  readonly #context: HostPoolContext;
  #connectionMaxAgeMs = Number.POSITIVE_INFINITY;
  readonly #scheduling: MemberScheduling;
  #groups: readonly LoginGroup[] = [];
  #isProbing = false;

  constructor(context: HostPoolContext, scheduling: MemberScheduling) {
    this.#context = context;
    this.#scheduling = scheduling;
  }

  /** Those hosts with that login; new ones are opened soon, if this node probes. */
  hosts(targets: readonly ProbeTarget[], settings: ConnectionSettings): ProbedHost[] {
    this.#connectionMaxAgeMs = settings.connectionMaxAgeMs;
    const { login, hosts } = this.#group(settings);
    return targets.map((target) => {
      const address = formatAddress(target);
      const present = hosts.get(address);
      if (present !== undefined) {
        // What it is asked for may have changed.
        this.#scheduling.wake(present);
        return present;
      }
      const host = new ProbedHost(target, login, {
        ...this.#context,
        connectionMaxAgeMs: () => this.#connectionMaxAgeMs,
      });
      hosts.set(address, host);
      if (this.#isProbing) this.#scheduling.start(host);
      return host;
    });
  }

  /** Whether the store has hosts, and none of them accepted the latest login. */
  get isCutOff(): boolean {
    for (const { hosts } of this.#groups) {
      for (const { isReached } of hosts.values()) if (isReached) return false;
    }
    return this.#groups.length > 0;
  }

  /** Resolves whether one of the first hosts accepts a login now, or there are none. */
  async tryLogin(): Promise<boolean> {
    const hosts = this.#groups.flatMap((group) => [...group.hosts.values()]);
    const tried = hosts.slice(0, TRIED_HOSTS_MAX);
    if (tried.length === 0) return true;
    return tryLogin(tried.map((host) => (listener) => host.trialProbe(listener)));
  }

  /** Their next query is due at once. */
  wake(): void {
    for (const { hosts } of this.#groups) {
      for (const host of hosts.values()) this.#scheduling.wake(host);
    }
  }

  /** Queries all hosts at once, or closes all connections. */
  setProbing(isProbing: boolean): void {
    this.#isProbing = isProbing;
    for (const { hosts } of this.#groups) {
      for (const host of hosts.values()) {
        if (isProbing) this.#scheduling.start(host);
        else this.#stop(host);
      }
    }
  }

  /** Closes the hosts that no metric uses any more. `checked`: those that an HTTP check decides. */
  prune(checked: ReadonlySet<string>): void {
    for (const { hosts } of this.#groups) {
      for (const [address, host] of hosts) {
        host.isChecked = checked.has(address);
        if (!host.isUnused) continue;
        hosts.delete(address);
        this.#stop(host);
      }
    }
    this.#groups = this.#groups.filter(({ hosts }) => hosts.size > 0);
  }

  /** One object for equal settings: files are read once, and kept with the login. */
  #group(settings: LoginSettings): LoginGroup {
    const { user, password, passwordFile, collation, tls, serverPublicKeyFile } = settings;
    const wanted = { user, password, passwordFile, collation, tls, serverPublicKeyFile };
    const present = this.#groups.find((group) => isDeepStrictEqual(group.settings, wanted));
    if (present !== undefined) return present;
    const login = { ...loginOf(wanted), turn: this.#context.turn };
    const group: LoginGroup = { settings: wanted, login, hosts: new Map() };
    this.#groups = [...this.#groups, group];
    return group;
  }

  #stop(host: ProbedHost): void {
    this.#scheduling.stop(host);
    host.close();
  }
}
