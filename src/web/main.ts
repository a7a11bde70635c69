/** The page: topics come from the node, and each zone shows its own. */
import { AccessZone } from './access.js';
import { ActDialog } from './act-dialog.js';
import { ClusterZone } from './cluster.js';
import { byId, setAttribute, setText } from './dom.js';
import { EntryForms } from './entry-forms.js';
import { EventsZone } from './events.js';
import { wholeDuration } from './format.js';
import { InForceZone } from './in-force.js';
import { listenToKeys } from './keys.js';
import { LiveTopics } from './live.js';
import { type Headline, headlineOf, type Mood } from './sentence.js';
import { SeriesKeeper } from './series-keeper.js';
import { StoresZone } from './stores.js';
import { WaitingZone } from './waiting.js';

const ICONS: Readonly<Record<Mood, string>> = {
  fine: '/web/icon-fine.svg',
  bad: '/web/icon-bad.svg',
  unknown: '/web/icon-unknown.svg',
};

/** Rights are changed by a reload, which no topic shows. */
const ACCESS_LOOK_MS = 10_000;

const headline = byId('headline');
const advice = byId('advice');
const standing = byId('standing');
const leaderLink = byId<HTMLAnchorElement>('leader-page');
const icon = byId<HTMLLinkElement>('icon');

const forms = new EntryForms();
const acts = new ActDialog();
const search = byId<HTMLInputElement>('search');
const stores = new StoresZone(new SeriesKeeper());
const waiting = new WaitingZone();
const inForce = new InForceZone(forms, acts);
const events = new EventsZone();
const cluster = new ClusterZone(acts);
const live = new LiveTopics(updateSoon);
const access = new AccessZone(() => live.connect());
let isUpdateDue = false;

/** Topics arrive several at a time. A hidden tab runs timers, but draws no frames. */
function updateSoon(): void {
  if (isUpdateDue) return;
  isUpdateDue = true;
  setTimeout(() => {
    isUpdateDue = false;
    update();
  });
}

/** Cheap where nothing has changed: each zone compares before it touches the document. */
function update(): void {
  const { topics, isLive, silentSeconds, refusal } = live;
  const stream = { isLive, silentSeconds, refusal };
  showHeadline(headlineOf(topics, stream, location));
  setText(standing, isLive ? '● live' : `○ no news for ${wholeDuration(silentSeconds)}`);
  setAttribute(document.body, 'class', isLive ? '' : 'stale');
  stores.update(topics);
  waiting.update(topics.apps);
  inForce.update(topics.entries);
  events.update(topics.events);
  cluster.update(topics.cluster);
  forms.update(topics);
}

function showHeadline({ mood, text, advice: next, leaderPage }: Headline): void {
  setText(headline, text);
  setAttribute(headline, 'class', mood);
  setText(advice, next);
  leaderLink.hidden = leaderPage === undefined;
  setAttribute(leaderLink, 'href', leaderPage);
  document.title = `${text} – freno`;
  setAttribute(icon, 'href', ICONS[mood]);
}

function openByAddress(): void {
  const [, zone, ...store] = location.hash.slice(1).split('/');
  const open = zone === 'stores' ? store.map(decoded).join('/') : null;
  // An address asks for that store, whatever was searched before.
  if (open !== null && !stores.finds(open)) searchFor('');
  stores.open = open;
  update();
}

/** As it is, where it is no encoded text. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function searchFor(text: string): void {
  search.value = text;
  stores.search = text;
  waiting.search = text;
  events.search = text;
}

search.addEventListener('input', () => {
  searchFor(search.value);
  update();
});
// A link to the row that is open closes it.
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.('a.row-link');
  if (link?.getAttribute('href') !== location.hash) return;
  event.preventDefault();
  location.hash = '#';
});
addEventListener('hashchange', openByAddress);
listenToKeys();
openByAddress();
live.start();
setInterval(() => void access.look(), ACCESS_LOOK_MS);
