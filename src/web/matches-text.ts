/** What a command would match, in words, before it is sent. */
import { counted } from './format.js';
import type { MatchesReport } from './topics.js';

const NAMES_SHOWN = 5;

export function matchesText(matches: MatchesReport, app: string): string {
  const { AppSeen, StoreConfigured, Hosts, Stores, StoresWithoutHosts, Nearest } = matches;
  const said: string[] = [];
  if (AppSeen !== undefined) said.push(appText(AppSeen, app));
  if (StoreConfigured === false) said.push('No such store is configured.');
  if (Hosts === null) said.push('This node follows: it does not know the hosts.');
  else if (Hosts !== undefined) said.push(hostsText(Hosts, Stores ?? [], Nearest));
  if (needsConfirmation(matches))
    said.push(`Leaves ${names(StoresWithoutHosts!)} without any host.`);
  return said.join(' ');
}

/** Whether a store would be left without any host. */
export function needsConfirmation({ StoresWithoutHosts }: MatchesReport): boolean {
  return (StoresWithoutHosts ?? []).length > 0;
}

function appText(isSeen: boolean | null, app: string): string {
  const subject = app === '*' ? 'Some app' : 'This app';
  if (isSeen === null) return 'This node follows: it does not know which apps ask.';
  if (isSeen) return `${subject} has asked in the last 24 hours.`;
  return 'No app of this name has asked in the last 24 hours. Is it spelled right?';
}

function hostsText(
  hosts: readonly string[],
  stores: readonly string[],
  near: string | undefined,
): string {
  if (hosts.length === 0) {
    const question = near === undefined ? 'Is it spelled right?' : `Did you mean ${near}?`;
    return `No store lists this host. ${question}`;
  }
  return `Matches ${counted(hosts.length, 'host')} (${names(hosts)}) of ${names(stores)}.`;
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, NAMES_SHOWN).join(', ');
  return list.length > NAMES_SHOWN ? `${shown} and ${list.length - NAMES_SHOWN} more` : shown;
}
