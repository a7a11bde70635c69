/** Network addresses as operators write them: `host`, `host:port`, `[v6]:port`. */
import { isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0: none was given, and there is no default. */
  readonly port: number;
}

const BRACKETED = /^\[([^\]]+)\](?::(\d{1,5}))?$/;
const PLAIN = /^([^\s/:,<>[\]()"'`@\\]+)(?::(\d{1,5}))?$/;

/**
 * Reads an address; `defaultPort` stands in for a missing port. Null: it is not one. An IPv6
 * address with a port needs brackets.
 */
export function parseAddress(text: string, defaultPort: number): Address | null {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null && !isIPv6(bracketed[1]!)) return null;
  const match = bracketed ?? PLAIN.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  const given = match[2] !== undefined;
  return port > 65535 || (given && port === 0) ? null : { host: match[1]!, port };
}

/** The way back: `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether `text` is an http(s) URL, or becomes one with `http://` before it. */
export function isHttpAddress(text: string): boolean {
  const url = text.includes('://') ? text : `http://${text}`;
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}
