#!/bin/sh
# Runs freno with the Node.js of this directory, from wherever a link to this file is called.
self=$(readlink -f "$0") || exit 1
root=${self%/bin/freno}
exec "$root/runtime/node" "$root/dist/src/freno.cjs" "$@"
