/** The servers that `--server` or `FRENO_SERVER` names. */
import { usageFailure } from '../exit-codes.js';
import { tokenOf } from './token.js';
import type { ServerFetch } from './transport.js';

/** The service's default port. */
export const DEFAULT_SERVER = 'http://127.0.0.1:8087';

/** Servers that are asked with the same headers. */
export interface NamedServers {
  /** Without a slash at their ends, and without credentials. */
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** The servers, and the way to them. */
export interface ReachedServers extends NamedServers {
  readonly fetch: ServerFetch;
}

/**
 * URLs from a list with commas; without a scheme they are http. A user and a password in them go to
 * a proxy before the servers. Throws a usage failure that names the option. `tokenFile`: the option
 * that names a file with a token.
 */
export function serverList(option: string | undefined, tokenFile?: string): NamedServers {
  const [source, text] =
    option !== undefined
      ? ['--server', option]
      : ['FRENO_SERVER', process.env.FRENO_SERVER || DEFAULT_SERVER];
  const parts = text.split(',').map((part) => part.trim());
  const urls = parts.filter((part) => part !== '').map((part) => serverUrl(source, part));
  if (urls.length === 0) throw usageFailure(`${source}: names no server`);
  const logins = new Set(urls.map(loginOf).filter((login) => login !== ''));
  if (logins.size > 1) throw usageFailure(`${source}: all servers need the same user and password`);
  const [login] = logins;
  const token = tokenOf(tokenFile);
  if (login !== undefined && token !== undefined) {
    throw usageFailure(`${source}: a user and a password cannot be sent beside a token`);
  }
  return {
    urls: urls.map((url) => `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`),
    headers: {
      ...(login !== undefined && {
        Authorization: `Basic ${Buffer.from(login).toString('base64')}`,
      }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
  };
}

function serverUrl(source: string, text: string): URL {
  const url = text.includes('://') ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isHttp = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  if (parsed === undefined || !isHttp || parsed.search !== '' || parsed.hash !== '') {
    throw usageFailure(
      `${source}: ${JSON.stringify(text)} is no server: write http://HOST:PORT or HOST:PORT`,
    );
  }
  return parsed;
}

function loginOf({ username, password }: URL): string {
  return username === '' ? '' : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
}
