#!/usr/bin/env node
/**
 * The launcher of both programs: the first argument is a word for the client, and a flag for the
 * service.
 *
 * For the service it sets environment variables that are read once, when libuv's pool first works
 * and when the native HTTP module loads. In an ES module, its static imports would run first. The
 * client has none of them: `freno run` gives its environment to the command that it runs.
 */

function startService(): Promise<void> {
  // What this process writes (the log in RaftDataDir, profiles) holds what only its user may read.
  process.umask(0o077);
  /**
   * libuv uses at most half of its threads for DNS lookups. Half of 48 lets all lookups of four
   * probe threads run at once.
   */
  process.env.UV_THREADPOOL_SIZE ??= '48';
  /**
   * For glibc's resolver (resolv.conf(5)), whose default is 10 s for an unresponsive name server. A
   * lookup cannot be cancelled: it occupies a thread of libuv's pool, and the process waits for it
   * when it exits, which should not take more than 1 s. What failed is soon looked up again.
   */
  process.env.RES_OPTIONS ??= 'timeout:1 attempts:1';
  /** Bytes. The default of uWebSockets, 4,096, would reject long URLs before a route sees them. */
  process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '32768';
  return import('./main.js').then(({ main }) => main(argv));
}

function startClient(): Promise<void> {
  return import('./cli/main.js').then(({ runClient }) => runClient(argv));
}

/**
 * Without a listener, Node opens its debugger at this signal: a port at which every local user may
 * read the passwords of this process, and run code in it.
 */
process.on('SIGUSR1', () => {});

const argv = process.argv.slice(2);
const isCommand = argv[0] !== undefined && !argv[0].startsWith('-');

(isCommand ? startClient() : startService()).catch((error: unknown) => {
  console.error(`freno: cannot load: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
