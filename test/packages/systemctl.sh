#!/bin/sh
# In a root without systemd: what the scripts of the package ask of systemctl, by the unit's command.
unit=/usr/lib/systemd/system/freno.service
pid=/run/freno.pid

alive() {
  [ -e "$pid" ] && [ -e "/proc/$(cat "$pid")/exe" ] &&
    ! grep -q '^State:.*zombie' "/proc/$(cat "$pid")/status"
}

case "$*" in
  # By packages of earlier releases.
  '--quiet is-active freno.service') alive ;;
  'is-active freno.service')
    alive && echo active && exit 0
    # Between two starts of a node that fails.
    [ -e /run/freno-restarts ] && echo activating && exit 3
    echo inactive && exit 3
    ;;
  'stop freno.service')
    rm -f /run/freno-restarts
    alive || exit 0
    kill -TERM "$(cat "$pid")"
    while alive; do sleep 0.02; done
    rm -f "$pid"
    ;;
  'start freno.service')
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    # The command is words without quotes.
    setpriv --reuid=freno --regid=freno --init-groups $command \
      </dev/null >>/var/log/freno.log 2>&1 &
    echo $! >"$pid"
    ;;
  daemon-reload | '--quiet disable freno.service' | '--quiet disable --now freno') ;;
  *) echo "systemctl: unexpected: $*" >&2; exit 1 ;;
esac
