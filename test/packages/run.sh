#!/usr/bin/env bash
# Makes the packages and installs each the way docs/installing.md says: `npm run test:packages`.
# The .deb goes into three minimal Debian roots without Node.js, compiler or git, where a cluster of
# three is upgraded from the previous release and set back, one node at a time. The image is built
# on such a root, and the manifests are checked against the API of Kubernetes.
#
# Needs root, Debian, a mirror of it, the npm registry, and what docs/releasing.md names.
# PACKAGES_BUILT=1 tests the packages of the run before, and builds nothing but the image.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8

release=$PWD/dist/release
before=$PWD/dist/release-previous
work=$PWD/dist/packages-test
here=test/packages
# Of the best of three. The aims are 5 s and 0.5 s (docs/releasing.md); these hold on a machine
# that is busy with other work too.
INSTALLED_MS_MAX=20000
ANSWERS_MS_MAX=5000
# Its versions are those of Kubernetes.
KUBERNETES_TYPES=kubernetes-types@1.30.0
began=$SECONDS
latest=$SECONDS
passed=0

# A part that passed, with the seconds since the begin and those of the part.
step() {
  passed=$((passed + 1))
  printf '%4d s  %3d s  %s\n' "$((SECONDS - began))" "$((SECONDS - latest))" "$*"
  latest=$SECONDS
}
fail() { echo "FAILED: $*" >&2; exit 1; }
cannot() { echo "NOT TESTED: $*" >&2; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
# until_true SECONDS COMMAND...
until_true() {
  local end=$(($(milliseconds) + $1 * 1000)); shift
  until "$@"; do
    [ "$(milliseconds)" -lt "$end" ] || fail "not within the time: $*"
    sleep 0.02
  done
}
status_of() { curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$1" || true; }
answers() { [ "$(status_of "$1")" = "$2" ]; }
at_most() { [ "$2" -le "$3" ] || fail "$1: $2, and at most $3 is allowed"; step "$1: $2 of $3"; }

[ "$(id -u)" -eq 0 ] || fail 'needs root, for chroot'
for program in strip rpmbuild debootstrap lintian dpkg-deb systemd-analyze python3 curl buildah \
  runc; do
  command -v "$program" >/dev/null || fail "$program is not installed: see docs/releasing.md"
done

finish() {
  local number
  for number in 1 2 3; do
    [ -d "$work/root$number/proc/1" ] || continue
    chroot "$work/root$number" systemctl stop freno.service || true
    umount "$work/root$number/proc" || true
  done
  [ -z "${mysql:-}" ] || kill "$mysql" || true
  # What a failure leaves running: each job with the programs that it has started.
  for number in ${root_job:-} ${others_job:-}; do kill -- "-$number" 2>/dev/null || true; done
  wait
}
trap finish EXIT
rm -rf "$work"
mkdir -p "$work"

# --- beside the rest -----------------------------------------------------------------------------
# Each job waits for the network or one core most of the time.
make_root() {
  debootstrap --variant=minbase --include=adduser,libstdc++6,ca-certificates bookworm "$work/root1"
  chroot "$work/root1" apt-get clean
  rm -rf "$work/root1"/var/lib/apt/lists/*
  cp -a "$work/root1" "$work/root-image"
}
# Again from a clone at a path of another length, by a user with other settings.
build_elsewhere() (
  umask 077
  git clone --quiet --shared . "$work/a-clone-elsewhere"
  ln -s "$PWD/node_modules" "$work/a-clone-elsewhere/node_modules"
  cd "$work/a-clone-elsewhere"
  TZ=Asia/Tokyo HOME=$work LC_ALL=C \
    node resources/packaging/package.mjs --output "$work/again"
)
build_others() {
  if [ -z "${PACKAGES_BUILT:-}" ]; then
    build_elsewhere
  fi
  if [ -z "${PACKAGES_BUILT:-}" ] || [ ! -e "$before/SHA256SUMS" ]; then
    node resources/packaging/package.mjs --commit "$previous" --version 0.0.1 --only deb \
      --output "$before"
  fi
}
# finished PID LOG: waits for a job.
finished() { wait "$1" || fail "$(tail -n 5 "$2")"; }

previous=$(sed -n "s/^const PREVIOUS_RELEASE = '\(.*\)';/\1/p" test/support/previous-release.ts)
# -m: in a process group of its own.
set -m
make_root </dev/null >"$work/debootstrap.log" 2>&1 &
root_job=$!
set +m

# --- build -------------------------------------------------------------------------------------
if [ -z "${PACKAGES_BUILT:-}" ]; then
  npm run --silent package
  step 'built'
fi
(cd "$release" && sha256sum --check --quiet SHA256SUMS)
set -m
build_others </dev/null >"$work/others.log" 2>&1 &
others_job=$!
set +m

archive=$(echo "$release"/freno-*-linux-*.tar.gz)
commit=$(tar -xzOf "$archive" --wildcards 'freno-*/dist/build.json' | grep -oE '[0-9a-f]{40}')
[ -n "${PACKAGES_BUILT:-}" ] || [ "$commit" = "$(git rev-parse HEAD)" ] || fail 'another commit'
deb=$(echo "$release"/freno_*.deb)
rpm=$(echo "$release"/freno-*.rpm)
for file in "$archive" "$deb" "$rpm"; do
  at_most "megabytes of ${file##*/}" "$(($(stat -c %s "$file") / 1000000))" 60
done
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["bomFormat"] == "CycloneDX"' \
  "$release"/freno-*.cdx.json
dpkg-deb --contents "$deb" >"$work/contents"
for path in lib/freno/{resources/web/index.html,dist/src/web/'[a-z-]*.js',dist/src/cli/main.js} \
  lib/freno/dist/bundle/{service,http,probe}.js lib/freno/resources/{clients/,freno.schema.json} share/doc/freno/docs/README.md \
  share/man/man1/freno.1.gz share/bash-completion/completions/freno \
  share/zsh/vendor-completions/_freno share/fish/vendor_completions.d/freno.fish; do
  grep " \./usr/$path" "$work/contents" >/dev/null || fail "the .deb does not have $path"
done

# --- archive, npm, Python, rpm -----------------------------------------------------------------
mkdir "$work/archive" && tar -xzf "$archive" -C "$work/archive" --strip-components=1
ln -s "$work/archive/bin/freno" "$work/freno"
version=$(env -i PATH=/usr/bin:/bin "$work/freno" --version)
for part in "commit: $commit" 'runtime: Node.js' 'HTTP engine: uws'; do
  grep -q "^$part" <<<"$version" || fail "freno --version does not say $part: $version"
done
# trace [NAME=VALUE]: of a failure of the service.
trace() {
  env -i PATH=/usr/bin:/bin "$@" "$work/freno" --http --stack --config "$work/none" 2>&1 || true
}
grep -q '/dist/bundle/' <<<"$(trace)" || fail 'the service does not load dist/bundle'
grep -q '/dist/src/config/load.js:' <<<"$(trace NODE_OPTIONS=--enable-source-maps)" ||
  fail 'the source maps of dist/bundle do not lead to dist/src'
step 'the archive runs'

mkdir "$work/npm"
echo '{"type":"module"}' >"$work/npm/package.json"
npm_package=$(ls "$release"/freno-[0-9]*.tgz)
npm_client=$(ls "$release"/freno-client-*.tgz)
# Without a registry, a compiler and git: none of them may be asked.
(cd "$work/npm" && env PATH="$(dirname "$(command -v node)"):/bin" npm install --offline \
  --no-audit --no-fund --silent "$npm_package" "$npm_client")
"$work/npm/node_modules/.bin/freno" --version | grep '^HTTP engine: uws' >/dev/null ||
  fail 'the npm package does not load the native module'
for module in freno/client freno-client; do
  (cd "$work/npm" && node -e "
    import('$module').then(({ FrenoClient }) => new FrenoClient({
      servers: 'http://127.0.0.1:1', app: 'a', store: 'b' }))")
done
step 'the npm packages run'

python3 -m venv "$work/python"
for file in "$release"/freno_client-*.whl "$release"/freno_client-*.tar.gz; do
  "$work/python/bin/pip" install --quiet --disable-pip-version-check --no-index "$file"
  (cd "$work" && python/bin/python -c 'from freno_client import FrenoClient')
  "$work/python/bin/pip" uninstall --quiet --disable-pip-version-check --yes freno-client
done
step 'the Python packages load'

rpm --query --package --configfiles "$rpm" | grep -x /etc/freno.conf.json >/dev/null ||
  fail 'the .rpm does not keep the configuration'

# --- the .deb by itself ------------------------------------------------------------------------
lintian --allow-root --fail-on error --tag-display-limit 0 "$deb" >"$work/lintian.log" 2>&1 ||
  fail "lintian: $(grep '^E:' "$work/lintian.log")"
step 'lintian has no errors'
dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C "$work" ./usr/lib/systemd/system/freno.service
sed "s#/usr/lib/freno/runtime/node#$work/archive/runtime/node#" \
  "$work/usr/lib/systemd/system/freno.service" >"$work/freno.service"
warnings=$(systemd-analyze verify "$work/freno.service" 2>&1) || fail "the unit: $warnings"
[ -z "$warnings" ] || fail "the unit: $warnings"
step 'the unit is valid'

# --- Kubernetes --------------------------------------------------------------------------------
mkdir "$work/manifests"
npm install --prefix "$work/manifests" --no-audit --no-fund --silent --ignore-scripts \
  "$KUBERNETES_TYPES"
manifests=$(node "$here/manifests.mjs" "$work/manifests")
step "$manifests manifests agree with $KUBERNETES_TYPES"

# --- the image ---------------------------------------------------------------------------------
finished "$root_job" "$work/debootstrap.log"
step 'debootstrap has made a root'
above=$("$here/image.sh" "$work/root-image" "$work/image")
step "the image runs; $above MB above its base"

finished "$others_job" "$work/others.log"
if [ -z "${PACKAGES_BUILT:-}" ]; then
  diff "$release/SHA256SUMS" "$work/again/SHA256SUMS" || fail 'two builds differ'
  step 'built again, from a clone elsewhere: the same bytes'
fi
old_deb=$(echo "$before"/freno_*.deb)
step "has the previous release, $previous"

# --- the .deb in minimal roots -----------------------------------------------------------------
mkdir -p "$work/root1/run/systemd/system"
# systemd does not run in a chroot: the scripts of the package find this in its place.
install -m 0755 "$here/systemctl.sh" "$work/root1/usr/bin/systemctl"
for number in 2 3; do cp -a "$work/root1" "$work/root$number"; done
for number in 1 2 3; do mount -t proc proc "$work/root$number/proc"; done
for program in node npm git gcc make python3; do
  ! chroot "$work/root1" sh -c "command -v $program" || fail "the root is not minimal: $program"
done
step 'the roots have neither Node.js nor a compiler'
cannot 'systemd itself: a stand-in starts and stops the service by the unit'

mapfile -t ports < <(node "$here/free-ports.mjs" 6)
node "$here/replica.mjs" "$work/archive" >"$work/mysql-port" &
mysql=$!
until_true 10 test -s "$work/mysql-port"

# install_deb NUMBER FILE: prints how many milliseconds it took.
install_deb() {
  local from; from=$(milliseconds)
  cp "$2" "$work/root$1/tmp/freno.deb"
  # The root has no list of packages: apt can fetch nothing else.
  DEBIAN_FRONTEND=noninteractive chroot "$work/root$1" apt-get install --yes --allow-downgrades \
    --option Dpkg::Use-Pty=0 /tmp/freno.deb </dev/null >>"$work/dpkg.log" 2>&1 ||
    fail "apt: $(tail -n 5 "$work/dpkg.log")"
  echo $(($(milliseconds) - from))
}
url() { echo "http://127.0.0.1:${ports[$1 - 1]}"; }
leader() {
  local number
  for number in 1 2 3; do
    if answers "$(url "$number")/leader-check" 200; then echo "$number"; return; fi
  done
  return 1
}
# Whether the cluster leads, that node knows it, and the throttle is in force everywhere.
is_whole() {
  local now
  answers "$(url "$1")/raft/leader" 200 && now=$(leader) &&
    answers "$(url "$now")/check/backup/mysql/main" 417 &&
    answers "$(url "$now")/check/other/mysql/main" 200 &&
    curl -sf "$(url "$1")/throttled-apps" | grep '"backup"' >/dev/null
}

for number in 1 2 3; do
  install_deb "$number" "$old_deb" >/dev/null
  root=$work/root$number
  [ "$(chroot "$root" stat -c '%U:%G %a' /etc/freno.conf.json)" = 'root:freno 640' ] ||
    fail 'the configuration is readable for others'
  node "$here/configuration.mjs" "$number" "$(cat "$work/mysql-port")" "${ports[@]}" \
    >"$root/etc/freno.conf.json"
  chroot "$root" systemctl start freno.service
done
until_true 20 leader >/dev/null
until_true 20 answers "$(url "$(leader)")/check/backup/mysql/main" 200
curl -sf "$(url "$(leader)")/throttle-app/backup" >/dev/null
for number in 1 2 3; do until_true 20 is_whole "$number"; done
step 'the previous release runs as a cluster of three, and throttles'

fastest=999999
quickest=999999
for number in 1 2 3; do
  was=$(leader)
  took=$(install_deb "$number" "$deb")
  [ "$took" -ge "$fastest" ] || fastest=$took
  until_true 20 is_whole "$number"
  [ "$was" != "$number" ] || [ "$(leader)" != "$number" ] || fail 'the leader did not hand over'
  curl -sf "$(url "$number")/throttled-apps" >/dev/null
done
chroot "$work/root1" freno --version | grep "^commit: $commit" >/dev/null || fail 'no commit'
chroot "$work/root1" freno check-config /etc/freno.conf.json >"$work/check-config.log" 2>&1 ||
  fail "check-config: $(tail -n 5 "$work/check-config.log")"
for path in / /web/main.js /web/uplot.css /openapi.json; do
  answers "$(url 1)$path" 200 || fail "$path answers $(status_of "$(url 1)$path")"
done
[ "$(ps -o user:20= -p "$(cat "$work/root1/run/freno.pid")")" != root ] || fail 'runs as root'
step 'upgraded one node at a time; nothing is lost'

for number in 1 2 3; do
  chroot "$work/root$number" systemctl stop freno.service
  from=$(milliseconds)
  chroot "$work/root$number" systemctl start freno.service
  until_true 20 answers "$(url "$number")/lb-check" 200
  took=$(($(milliseconds) - from))
  [ "$took" -ge "$quickest" ] || quickest=$took
  until_true 20 is_whole "$number"
done

for number in 1 2 3; do
  install_deb "$number" "$old_deb" >/dev/null
  until_true 20 is_whole "$number"
done
step 'set back one node at a time; nothing is lost'

install_deb 1 "$deb" >/dev/null
until_true 20 is_whole 1
chroot "$work/root1" systemctl stop freno.service
touch "$work/root1/run/freno-restarts"
chroot "$work/root1" sh /var/lib/dpkg/info/freno.prerm upgrade 9
[ ! -e "$work/root1/run/freno-restarts" ] || fail 'an upgrade does not stop a node that restarts'
chroot "$work/root1" sh /var/lib/dpkg/info/freno.postinst abort-upgrade 9
until_true 20 is_whole 1
step 'a node between two starts is stopped for an upgrade, and started after it'
chroot "$work/root1" apt-get remove --yes \
  --option Dpkg::Use-Pty=0 freno >>"$work/dpkg.log" 2>&1
! answers "$(url 1)/lb-check" 200 || fail 'runs after its removal'
[ -e "$work/root1/etc/freno.conf.json" ] || fail 'removal takes the configuration'
[ -n "$(ls "$work/root1/var/lib/freno")" ] || fail 'removal takes the data'
[ ! -e "$work/root1/usr/lib/freno" ] || fail 'removal leaves files'
chroot "$work/root1" apt-get purge --yes \
  --option Dpkg::Use-Pty=0 freno >>"$work/dpkg.log" 2>&1
[ ! -e "$work/root1/etc/freno.conf.json" ] || fail 'purge leaves the configuration'
[ ! -e "$work/root1/var/lib/freno" ] || fail 'purge leaves the data'
step 'removed with its data kept, and purged'

# Its scripts run in the root; what it requires is not looked up among Debian's packages.
rpm --root "$work/root1" --nodeps --install "$rpm" >>"$work/dpkg.log" 2>&1 ||
  fail "rpm: $(tail -n 5 "$work/dpkg.log")"
chroot "$work/root1" freno --version | grep "^commit: $commit" >/dev/null || fail 'no commit'
[ "$(chroot "$work/root1" stat -c '%U:%G %a' /etc/freno.conf.json /var/lib/freno | xargs)" = \
  'root:freno 640 freno:freno 700' ] || fail 'owners of the .rpm'
rpm --root "$work/root1" --erase freno >>"$work/dpkg.log" 2>&1
[ ! -e "$work/root1/usr/lib/freno" ] || fail 'removal of the .rpm leaves files'
step 'the .rpm is installed and removed'
cannot 'the .rpm on a Fedora or Red Hat system'

at_most 'milliseconds of the fastest installation' "$fastest" "$INSTALLED_MS_MAX"
at_most 'milliseconds from start to answer' "$quickest" "$ANSWERS_MS_MAX"
finish
trap - EXIT
rm -rf "$work"
echo "$passed checks of the packages passed"
