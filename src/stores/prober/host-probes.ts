/** The probes of a thread: stores that ask a host the same share one. */
import { countersOf, HostProbe, type HostProbeContext, type ProbeUser } from './host-probe.js';
import type { ConnectionListener } from './mysql/connection-listener.js';
import { GatedProbe } from './mysql/gated-probe.js';
import type { MysqlProbe } from './mysql/probe.js';
import type { MemberScheduling } from './probe-scheduler.js';

export class HostProbes {
  readonly #context: HostProbeContext;
  readonly #scheduling: MemberScheduling;
  /** By key, and by address. */
  readonly #groups = new Map<string, ProbeGroup>();

  constructor(context: HostProbeContext, scheduling: MemberScheduling) {
    this.#context = context;
    this.#scheduling = scheduling;
  }

  /** The probe of that user from now on. `key`: as of `probeKey`. */
  join(user: ProbeUser, key: string): HostProbe {
    const group = this.#group(key);
    let probe = group.probes.get(user.address);
    if (probe === undefined) {
      probe = new HostProbe(user, this.#context);
      group.add(user.address, probe);
    }
    probe.join(user);
    this.#open(probe);
    return probe;
  }

  /** The user has no reading that counts, and has them soon, whatever is cached for others. */
  restart(user: ProbeUser, probe: HostProbe): void {
    probe.restart(user);
    this.#open(probe);
  }

  /**
   * The metrics of the user have changed, and thereby maybe the key. One that shares its probe with
   * none keeps the connection. Returns its probe from now on.
   */
  change(user: ProbeUser, probe: HostProbe, key: string): HostProbe {
    if (key !== probe.key) {
      const { address } = user;
      if (probe.users > 1 || this.#groups.get(key)?.probes.has(address)) {
        this.leave(user, probe);
        return this.join(user, key);
      }
      this.#remove(address, probe);
      this.#group(key).add(address, probe);
    }
    probe.membersChanged(user);
    this.wake(probe);
    return probe;
  }

  leave(user: ProbeUser, probe: HostProbe): void {
    probe.leave(user);
    if (probe.users > 0) return;
    this.#remove(user.address, probe);
    this.#scheduling.stop(probe);
    probe.close();
  }

  /** What it is asked for may have changed. */
  wake(probe: HostProbe): void {
    this.#scheduling.wake(probe);
  }

  /** A probe without queries, which its caller opens, ticks and closes. */
  trial(user: ProbeUser, listener: ConnectionListener): MysqlProbe {
    const counters = countersOf(this.#context, () => [user]);
    const { logins } = this.#context;
    return new GatedProbe(user.target, user.login, user.resolver, listener, counters, logins);
  }

  #open(probe: HostProbe): void {
    this.#scheduling.wake(probe);
    this.#scheduling.start(probe);
  }

  #group(key: string): ProbeGroup {
    const present = this.#groups.get(key);
    if (present !== undefined) return present;
    const group = new ProbeGroup(key);
    this.#groups.set(key, group);
    return group;
  }

  #remove(address: string, { key }: HostProbe): void {
    const { probes } = this.#groups.get(key)!;
    probes.delete(address);
    if (probes.size === 0) this.#groups.delete(key);
  }
}

/** The probes of one key. */
class ProbeGroup {
  readonly probes = new Map<string, HostProbe>();

  constructor(readonly key: string) {}

  add(address: string, probe: HostProbe): void {
    probe.key = this.key;
    this.probes.set(address, probe);
  }
}
