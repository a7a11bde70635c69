#!/usr/bin/env node
/**
 * The launcher: sets environment variables that are read once, when libuv's pool first works and
 * when the native HTTP module loads. In an ES module, its static imports would run first.
 */

/**
 * libuv uses at most half of its threads for DNS lookups. Half of 48 lets all lookups of four probe
 * threads run at once.
 */
process.env.UV_THREADPOOL_SIZE ??= '48';
/**
 * For glibc's resolver (resolv.conf(5)), whose default is 10 s for an unresponsive name server. A
 * lookup cannot be cancelled: it occupies a thread of libuv's pool, and the process waits for it
 * when it exits, which must not take more than 5 s.
 */
process.env.RES_OPTIONS ??= 'timeout:1 attempts:2';
/** Bytes. The default of uWebSockets, 4,096, would reject long URLs before a route sees them. */
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '32768';

import('./main.js').then(
  ({ main }) => main(process.argv.slice(2)),
  (error: unknown) => {
    console.error(`freno: cannot load: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
