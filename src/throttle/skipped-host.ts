/**
 * Names of skipped hosts: `host`, which stands for all ports of the host, or `host:port`
 * (`[2001:db8::1]:3306`), which stands for that port alone.
 */
import { formatAddress, parseAddress } from '../base/address.js';

/** How the entries of single ports of the host begin. */
export function portEntryPrefix(host: string): string {
  return formatAddress({ host, port: 0 }).slice(0, -1);
}

/** As `portEntryPrefix`, of the host of an entry for one port; null: the entry has no port. */
export function portEntryGroup(entry: string): string | null {
  return /:\d+$/.test(entry) ? entry.slice(0, entry.lastIndexOf(':') + 1) : null;
}

/** The entry that an operator's text stands for; null: its port is not valid. */
export function skippedHostName(text: string): string | null {
  if (!/^(?:\[.+\]|[^:]*)(?::\d+)?$/.test(text)) return text;
  const hasPort = /:\d+$/.test(text.replace(/^\[.+\]/, ''));
  if (!hasPort) return text.replace(/^\[(.+)\]$/, '$1');
  const address = parseAddress(text, 0);
  return address === null ? null : formatAddress(address);
}
