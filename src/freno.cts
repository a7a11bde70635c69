#!/usr/bin/env node
/** The launcher. What it sets is read once, when libuv's pool first works and when the native HTTP module loads: an ES module would come too late. */
process.env.UV_THREADPOOL_SIZE ??= '16';
/** Bytes; the native engine's own bound of 4,096 would refuse long URLs before they can be answered. */
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '32768';

import('./main.js').then(
  ({ main }) => main(process.argv.slice(2)),
  (error: unknown) => {
    console.error(`freno: cannot load: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
