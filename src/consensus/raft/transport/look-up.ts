/** Names of peers to addresses, at each dial, by the system's resolver. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * The system's resolver keeps a thread of libuv's pool for as long as it takes, seconds for a dead name; the log is written
 * by the same threads. So few look-ups run at a time; the others wait for their turn.
 */
const LOOK_UPS_MAX = 2;

type Answer = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** A look-up that waits or runs, and all dials that wait for it: a dial that gave up leaves its place to the next one to the same host. */
interface LookUp {
  readonly host: string;
  readonly options: LookupOptions;
  readonly answers: Answer[];
}

/** `dns.lookup`, or what a test puts in its place. */
export type Resolver = (host: string, options: LookupOptions, answer: Answer) => void;

/**
 * A `lookup` for `net.connect` that runs at most `LOOK_UPS_MAX` at a time, in order of arrival, and one for each host: names that
 * take longer than the dials for them do not pile up before the others.
 */
export function boundedLookUp(resolve: Resolver = lookup): LookupFunction {
  const byHost = new Map<string, LookUp>();
  const waiting: LookUp[] = [];
  let running = 0;
  const next = (): void => {
    const turn = running < LOOK_UPS_MAX ? waiting.shift() : undefined;
    if (turn === undefined) return;
    running += 1;
    resolve(turn.host, turn.options, (error, address, family) => {
      running -= 1;
      byHost.delete(turn.host);
      for (const answer of turn.answers) answer(error, address, family);
      next();
    });
  };
  return (host, options, answer) => {
    const present = byHost.get(host);
    if (present !== undefined) {
      present.answers.push(answer);
      return;
    }
    const added = { host, options, answers: [answer] };
    byHost.set(host, added);
    waiting.push(added);
    next();
  };
}
