/** An unresponsive name server, for processes that run with it as their resolver. */
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * resolv.conf(5) knows no other port than 53; this address of the loopback network is the process's
 * own.
 */
const ADDRESS = `127.53.${process.pid % 250}.${1 + (Math.floor(process.pid / 250) % 250)}`;
const PORT = 53;

/**
 * In a mount namespace of its own a process reads another `/etc/resolv.conf`; `exec` leaves it the
 * child that was spawned.
 */
const IN_NAMESPACE = ['unshare', '--mount', 'sh', '-c'];
const REPLACE_AND_RUN = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

export class SilentResolver {
  readonly #socket: Socket = createSocket('udp4');
  readonly #file: string;
  readonly #asked = new Set<string>();
  /** Queries so far, whose first bytes are a random number. */
  readonly #queries = new Set<string>();
  #repeated = 0;

  /** Undefined where this process lacks the permissions. `directory` is for its file. */
  static async start(directory: string): Promise<SilentResolver | undefined> {
    const resolver = new SilentResolver(directory);
    const [command, ...args] = resolver.command;
    const mayMount = spawnSync(command!, [...args, 'true'], { stdio: 'ignore' }).status === 0;
    if (!mayMount) return undefined;
    resolver.#socket.bind(PORT, ADDRESS);
    try {
      await once(resolver.#socket, 'listening');
    } catch {
      return undefined;
    }
    return resolver;
  }

  private constructor(directory: string) {
    this.#file = join(directory, 'resolv.conf');
    writeFileSync(this.#file, `nameserver ${ADDRESS}\n`);
    this.#socket.on('message', (query) => {
      const bytes = query.toString('latin1');
      if (this.#queries.has(bytes)) this.#repeated++;
      this.#queries.add(bytes);
      this.#asked.add(nameIn(query));
    });
  }

  /** Prefix of a command that is to run with this resolver. */
  get command(): readonly string[] {
    return [...IN_NAMESPACE, REPLACE_AND_RUN, this.#file];
  }

  /** Names in the queries so far. */
  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  /** How many queries were sent again. */
  get repeated(): number {
    return this.#repeated;
  }

  stop(): void {
    this.#socket.close();
  }
}

/**
 * The name in a query: labels behind their lengths, after a header of 12 bytes (RFC 1035, section
 * 4.1).
 */
function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at]! > 0; at += 1 + query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  }
  return labels.join('.');
}
