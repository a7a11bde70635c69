#!/bin/sh
# In a root without systemd: what the scripts of the package ask of systemctl, by the unit's command.
unit=/usr/lib/systemd/system/freno.service
pid=/run/freno.pid

alive() {
  [ -e "$pid" ] && [ -e "/proc/$(cat "$pid")/exe" ] &&
    ! grep -q '^State:.*zombie' "/proc/$(cat "$pid")/status"
}

case "$*" in
  '--quiet is-active freno.service') alive ;;
  'stop freno.service')
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
