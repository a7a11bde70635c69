#!/usr/bin/env bash
# Builds the image by resources/Dockerfile and runs it: image.sh ROOT WORK. run.sh calls it.
#
# No registry of images is asked: the base is ROOT, a minimal Debian, with the Node.js of this
# machine in the place of node:20-bookworm-slim. runc runs it as Kubernetes would: no capabilities,
# a read-only root, no user but a number. It shares the network of the machine.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$1
work=$2
here=test/packages
port=$(node "$here/free-ports.mjs" 1)
url=http://127.0.0.1:$port
BASE=node:20-bookworm-slim
MEGABYTES_MAX=100

fail() { echo "FAILED: the image: $*" >&2; exit 1; }
status_of() { curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$1" || true; }
# until_true COMMAND...
until_true() {
  local end=$((SECONDS + 20))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "not within 20 s: $*: $(tail -n 3 "$work"/*.log)"
    sleep 0.02
  done
}
answers() { [ "$(status_of "$url$1")" = "$2" ]; }
in_storage() { buildah --root "$work/storage" --runroot "$work/storage-run" "$@"; }
container() { runc --root "$work/containers" "$@"; }

finish() {
  local name
  for name in works denied other; do
    container delete --force "$name" 2>/dev/null || true
  done
  in_storage umount --all >/dev/null 2>&1 || true
  # The storage of overlayfs is mounted on itself.
  ! mountpoint --quiet "$work/storage/overlay" || umount "$work/storage/overlay" || true
}
trap finish EXIT
mkdir -p "$work"

# --- the base ------------------------------------------------------------------------------------
npm=$(dirname "$(readlink -f "$(command -v npm)")")/..
install -D -m 0755 "$(node -p process.execPath)" "$root/usr/bin/node"
mkdir -p "$root/usr/lib/node_modules"
cp -a "$(readlink -f "$npm")" "$root/usr/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
# It trusts the registry that this machine trusts, and finds SQLite's binary as if it had been
# downloaded: compiling takes a minute of two cores.
mkdir -p "$root/etc/ssl/certs" "$root/prebuilds"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
sqlite=node_modules/sqlite3
prebuilt=sqlite3-v$(node -p "require('./$sqlite/package.json').version")
tar -czf "$root/prebuilds/$prebuilt-napi-v6-linux-$(node -p process.arch).tar.gz" \
  -C "$sqlite" build/Release/node_sqlite3.node
printf '%s\n' cafile=/etc/ssl/certs/ca-certificates.crt sqlite3_local_prebuilds=/prebuilds \
  >"$root/root/.npmrc"
chroot "$root" useradd --uid 1000 --user-group --create-home node
made=$(in_storage from scratch)
in_storage copy --quiet "$made" "$root" / >/dev/null
in_storage commit --quiet --format docker "$made" "$BASE" >/dev/null

# --- the image -----------------------------------------------------------------------------------
git clone --quiet . "$work/checkout"
in_storage build --pull-never --isolation chroot --network host --format docker \
  --volume "$(npm config get cache):/root/.npm" \
  --ignorefile "$work/checkout/resources/Dockerfile.dockerignore" \
  --file "$work/checkout/resources/Dockerfile" --tag freno "$work/checkout" \
  >"$work/build.log" 2>&1 || fail "$(tail -n 20 "$work/build.log")"
image=$(in_storage from --pull-never localhost/freno)
mounted=$(in_storage mount "$image")
size() { du --summarize --apparent-size --block-size=1000000 --one-file-system "$1" | cut -f 1; }
above=$(($(size "$mounted") - $(size "$(in_storage mount "$made")")))
[ "$above" -le "$MEGABYTES_MAX" ] || fail "$above MB above its base: at most $MEGABYTES_MAX"
in_storage inspect --type image localhost/freno >"$work/image.json"

# --- its containers ------------------------------------------------------------------------------
# bundle NAME USER OWNER: a container with a volume of that owner.
bundle() {
  mkdir -p "$work/$1/volume" "$work/$1/configuration"
  chown "$3:$3" "$work/$1/volume"
  node "$here/configuration.mjs" 1 1 "$port" 0 0 "$((port + 1))" \
    >"$work/$1/configuration/freno.conf.json"
  chmod -R go+rX "$work/$1/configuration"
  node "$here/container.mjs" "$work/image.json" "$mounted" "$work/$1" "$2" \
    >"$work/$1/config.json"
}
start() {
  container run --detach --bundle "$work/$1" "$1" </dev/null >>"$work/$1.log" 2>&1 ||
    fail "$1 does not start: $(tail -n 3 "$work/$1.log")"
}
ended() { ! container state "$1" 2>/dev/null | grep '"running"' >/dev/null; }

bundle works image 1000
start works
until_true answers /leader-check 200
for path in / /web/main.js /web/uplot.css; do
  answers "$path" 200 || fail "$path answers $(status_of "$url$path")"
done
[ "$(ps -o uid= -p "$(container state works | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')" |
  xargs)" = 1000 ] || fail 'does not run as 1000'
! container exec works touch /opt/freno/file 2>/dev/null || fail 'its root is not read-only'
mapfile -t health < <(node "$here/container.mjs" "$work/image.json" --health "$port")
container exec works "${health[@]}" || fail 'the health check finds it ill'
container kill works TERM
until_true ended works
container delete works
grep '"reason":"this node stopped"' "$work/works.log" >/dev/null ||
  fail "does not hand over at SIGTERM: $(tail -n 3 "$work/works.log")"
[ -n "$(ls "$work/works/volume")" ] || fail 'writes nothing to its volume'

# Users of clusters with numbers of their own: the image does not depend on 1000.
bundle other 12345 12345
start other
until_true answers /leader-check 200
container kill other TERM
until_true ended other

# The volume of another: it says so, and ends.
bundle denied image 0
chmod 0755 "$work/denied/volume"
start denied
until_true ended denied
grep -E 'EACCES|permission denied' "$work/denied.log" >/dev/null ||
  fail "does not say that its volume is another's: $(cat "$work/denied.log")"
echo "$above"
