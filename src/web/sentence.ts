/** The sentence under the bar: is anything wrong? Also the title of the tab. */
import { counted, percent } from './format.js';
import type { ClusterTopic, EntriesTopic, StoresTopic, Topics } from './topics.js';

/** How the stream stands. */
export interface StreamStanding {
  readonly isLive: boolean;
  /** Since the last topic came; null: none has. */
  readonly silentSeconds: number | null;
  /** Why the node gives no stream; empty or missing: it does. */
  readonly refusal?: string;
}

/** Where the page is: of a `Location`. */
export interface PageAddress {
  readonly protocol: string;
  /** Empty: the usual one of the protocol. */
  readonly port: string;
}

export type Mood = 'fine' | 'bad' | 'unknown';

export interface Headline {
  readonly mood: Mood;
  readonly text: string;
  /** What to do next; empty: nothing. */
  readonly advice: string;
  /** The page of the leader, where this node is not it. */
  readonly leaderPage?: string;
}

export function headlineOf(topics: Topics, stream: StreamStanding, address: PageAddress): Headline {
  const { stores, cluster, entries } = topics;
  if (!stream.isLive && stream.refusal) return refused(stream.refusal);
  if (stores === undefined) return waiting(stream);
  if (!stream.isLive) return LOST;
  if (!stores.Leading) return notLeading(cluster, address);
  return leading(stores, entries);
}

function refused(refusal: string): Headline {
  const text = 'This node does not show what it knows';
  return { mood: 'unknown', text, advice: `It says: ${refusal}` };
}

function waiting({ silentSeconds }: StreamStanding): Headline {
  const isLong = (silentSeconds ?? 0) > 5;
  return {
    mood: 'unknown',
    text: isLong ? 'This node does not answer' : 'Waiting for the first values',
    advice: isLong ? 'The page tries again each second. Is freno running here?' : '',
  };
}

/** For how long stands in the bar: this is announced once, not each second. */
const LOST: Headline = {
  mood: 'unknown',
  text: 'No news: what is below is old',
  advice: 'The page tries again each second. Another node may lead by now.',
};

function notLeading(cluster: ClusterTopic | undefined, address: PageAddress): Headline {
  if (cluster === undefined)
    return { mood: 'unknown', text: 'This node does not lead', advice: '' };
  const { Leader, LeaderHTTP, Nodes } = cluster;
  if (Leader === '' || Leader === cluster.Self) {
    const reached = Nodes.filter((node) => node.Error === '').length;
    const needed = Math.floor(Nodes.length / 2) + 1;
    if (reached >= needed) return { mood: 'bad', text: 'No leader yet', advice: ELECTING };
    return {
      mood: 'bad',
      text: `No majority: ${needed} of ${Nodes.length} nodes needed, ${reached} reached`,
      advice: 'No app may write. Start the nodes that are missing; the list of nodes says why.',
    };
  }
  return {
    mood: 'unknown',
    text: `This node follows: ${LeaderHTTP ?? Leader} leads`,
    advice: 'Values are measured by the leader.',
    ...(LeaderHTTP !== null &&
      isOnServicePort(cluster, address) && {
        leaderPage: `${address.protocol}//${LeaderHTTP}/`,
      }),
  };
}

/** Nodes know of each other where they serve clients: with `AdminListen` pages are elsewhere. */
function isOnServicePort({ Self, Nodes }: ClusterTopic, { protocol, port }: PageAddress): boolean {
  const usual = protocol === 'https:' ? '443' : '80';
  const own = Nodes.find(({ Node }) => Node === Self)?.HTTP ?? '';
  return own.endsWith(`:${port === '' ? usual : port}`);
}

const ELECTING = 'An election takes less than a second.';

function leading({ Counts }: StoresTopic, entries: EntriesTopic | undefined): Headline {
  const total = Object.values(Counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    return {
      mood: 'unknown',
      text: 'No stores are configured',
      advice: 'Add one to Stores.MySQL.Clusters of the configuration, and reload it with SIGHUP.',
    };
  }
  const star = entries?.ThrottledApps.Entries['*'];
  if (typeof star === 'object') {
    const by = star.Owner === undefined ? '' : ` by ${star.Owner}`;
    const share = star.Ratio === undefined || star.Ratio === 1 ? '' : ` (${percent(star.Ratio)})`;
    return { mood: 'bad', text: `Every app is throttled${by}${share}`, advice: '' };
  }
  const bad = total - (Counts.within ?? 0);
  if (bad === 0) {
    const text =
      total === 1
        ? 'The one store lets jobs write'
        : `All ${counted(total, 'store')} let jobs write`;
    return { mood: 'fine', text, advice: '' };
  }
  const verb = bad === 1 ? 'holds' : 'hold';
  return {
    mood: 'bad',
    text: `${bad} of ${counted(total, 'store')} ${verb} jobs back`,
    advice: '',
  };
}
