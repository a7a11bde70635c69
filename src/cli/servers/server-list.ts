/** The servers that `--server` or `FRENO_SERVER` names. */
import { usageFailure } from '../exit-codes.js';

/** The service's default port. */
export const DEFAULT_SERVER = 'http://127.0.0.1:8087';

/**
 * URLs from a list with commas; without a scheme they are http. Throws a usage failure that names
 * the option.
 */
export function serverList(option: string | undefined): URL[] {
  const [source, text] =
    option !== undefined
      ? ['--server', option]
      : ['FRENO_SERVER', process.env.FRENO_SERVER || DEFAULT_SERVER];
  const parts = text.split(',').map((part) => part.trim());
  const urls = parts.filter((part) => part !== '').map((part) => serverUrl(source, part));
  if (urls.length === 0) throw usageFailure(`${source}: names no server`);
  return urls;
}

/** How messages name a server: without credentials. */
export function serverName(server: URL): string {
  return `${server.protocol}//${server.host}${server.pathname.replace(/\/$/, '')}`;
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
