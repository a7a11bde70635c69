/** Network addresses as operators write them: `host`, `host:port`, `[v6]:port`. */
import { isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0: not given, and there is no default. */
  readonly port: number;
}

const BRACKETED = /^\[([^\]]+)\](?::(\d{1,5}))?$/;
const PLAIN = /^([^\s/:,<>[\]()"'`@\\]+)(?::(\d{1,5}))?$/;

/**
 * Null when the text is not an address. `defaultPort` is used where the text has no port. An IPv6
 * address with a port needs brackets.
 */
export function parseAddress(text: string, defaultPort: number): Address | null {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null && !isIPv6(bracketed[1]!)) return null;
  const match = bracketed ?? PLAIN.exec(text);
  if (match === null) return null;
  const isPortGiven = match[2] !== undefined;
  const port = isPortGiven ? Number(match[2]) : defaultPort;
  return port > 65535 || (isPortGiven && port === 0) ? null : { host: match[1]!, port };
}

/** The inverse: `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether `text` is an http(s) URL, or becomes one with `http://` before it. */
export function isHttpAddress(text: string): boolean {
  const url = text.includes('://') ? text : `http://${text}`;
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}
