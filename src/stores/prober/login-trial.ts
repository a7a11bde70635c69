/**
 * One login to a store on behalf of another node: a leader that cannot log in asks whether this one
 * could. The connection is closed at once.
 */
import { monotonicMs } from '../../base/clock.js';
import type { ConnectionListener } from './mysql/connection-listener.js';
import { PROBE_TIMEOUT_MS } from './mysql/probe-bounds.js';
import type { Scheduled } from './probe-scheduler.js';

/** A host of the store may be down: so many are tried at once. */
export const TRIED_HOSTS_MAX = 2;

/** For the connection, and for the login. */
const TRIAL_TIMEOUT_MS = 2 * PROBE_TIMEOUT_MS;

/** At the ticks of a probe its time-outs are checked. */
const TICK_MS = 50;

/** As of a probe without queries. */
export interface TrialProbe extends Scheduled {
  open(nowMs: number): void;
  close(): void;
}

/** Resolves whether one of the hosts accepted a login in time. Each of `probes` makes one probe. */
export async function tryLogin(
  probes: ReadonlyArray<(listener: ConnectionListener) => TrialProbe>,
): Promise<boolean> {
  const opened: TrialProbe[] = [];
  let timers: NodeJS.Timeout[] = [];
  const isAccepted = await new Promise<boolean>((resolve) => {
    let left = probes.length;
    const failed = (): void => {
      if (--left === 0) resolve(false);
    };
    for (const probe of probes) opened.push(probe(trialListener(() => resolve(true), failed)));
    timers = [
      setInterval(() => tickAll(opened), TICK_MS),
      setTimeout(() => resolve(false), TRIAL_TIMEOUT_MS),
    ];
    for (const probe of opened) guarded(probe, () => probe.open(monotonicMs()));
  });
  for (const timer of timers) clearTimeout(timer);
  for (const probe of opened) probe.close();
  return isAccepted;
}

/** `failed` is called for the first failure only: a probe tries again. */
function trialListener(accepted: () => void, failed: () => void): ConnectionListener {
  let isOver = false;
  return {
    connected: accepted,
    failed: () => {
      if (!isOver) failed();
      isOver = true;
    },
    sessionRefused: () => {},
  };
}

function tickAll(probes: readonly TrialProbe[]): void {
  for (const probe of probes) guarded(probe, () => probe.tick(monotonicMs()));
}

function guarded(probe: TrialProbe, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    probe.threw(thrown);
  }
}
