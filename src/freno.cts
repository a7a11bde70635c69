#!/usr/bin/env node
/**
 * The launcher. What it sets is read once, when libuv's pool first works and when the native HTTP
 * module loads: an ES module would come too late.
 */

/**
 * libuv gives look-ups of names at most half of its threads: all that freno makes at a time, on
 * four probe threads, are under way at once.
 */
process.env.UV_THREADPOOL_SIZE ??= '48';
/**
 * For glibc's resolver (resolv.conf(5)), whose default is 10 s for a name server that does not
 * answer. A look-up cannot be ended: it keeps a thread of libuv's pool, and the process waits for
 * it at its end, which is to come within 5 s.
 */
process.env.RES_OPTIONS ??= 'timeout:1 attempts:2';
/**
 * Bytes; the native engine's own bound of 4,096 would refuse long URLs before they can be answered.
 */
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '32768';

import('./main.js').then(
  ({ main }) => main(process.argv.slice(2)),
  (error: unknown) => {
    console.error(`freno: cannot load: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
