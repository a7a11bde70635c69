/** Network addresses as operators write them: `host`, `host:port`, `[v6]:port`. */
import { isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0: not given, and there is no default. */
  readonly port: number;
}

const BRACKETED = /^\[([^\]]+)\](?::(\d{1,5}))?$/;
const PLAIN = /^([^\s/:,<>[\]()"'`@\\]+)(?::(\d{1,5}))?$/;

/** Characters of a name in DNS (RFC 1035, section 2.3.4). */
export const HOST_LENGTH_MAX = 255;

const PORT_MAX = 65_535;

/** What a connection can be made to. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= PORT_MAX;
}

/**
 * The one place where addresses that come from outside are validated: what this returns can be
 * connected to. Null when the text is not an address, or the port is none. `defaultPort` is used
 * where the text has no port; 0: there is no default. An IPv6 address with a port needs brackets.
 */
export function parseAddress(text: string, defaultPort: number): Address | null {
  if (text.length > HOST_LENGTH_MAX + ':65535'.length) return null;
  if (defaultPort !== 0 && !isPort(defaultPort)) return null;
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null && !isIPv6(bracketed[1]!)) return null;
  const match = bracketed ?? PLAIN.exec(text);
  if (match === null) return null;
  const isPortGiven = match[2] !== undefined;
  const port = isPortGiven ? Number(match[2]) : defaultPort;
  if ((isPortGiven && !isPort(port)) || match[1]!.length > HOST_LENGTH_MAX) return null;
  return { host: match[1]!, port };
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

/** Whether only programs of this machine reach what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
