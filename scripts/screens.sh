#!/usr/bin/env bash
# Makes the screens of the README: three people talk with real clients, each at a terminal of its own, and each
# has a line half typed while messages arrive. Prints the blocks to standard output.
#
# usage: scripts/screens.sh
#
# Needs tmux, inetutils-telnet and netcat-openbsd.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

# Seconds that anything may take.
DEADLINE=20
# Longer than a terminal must be left alone for its echo to be taken for undisturbed.
THINKING=0.5

room=1150
dai=Dai
tee=T_____T
thai=เป็นคนที่เทอพูมจัย

work=$(mktemp -d)
server_pid=

# Our own tmux server, which knows nothing of any other.
screens() {
    tmux -u -S "$work/tmux" -f /dev/null "$@"
}

clean_up() {
    screens kill-server 2>/dev/null || true
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    exit 1
}

start_server() {
    cargo build --release --quiet
    local program=${CARGO_TARGET_DIR:-target}/release/parlor
    "$program" --listen 127.0.0.1:0 2>"$work/log" &
    server_pid=$!
    local end=$((SECONDS + DEADLINE))
    until port=$(grep -o 'listening on 127.0.0.1:[0-9]*' "$work/log"); do
        ((SECONDS <= end)) || fail 'the server does not listen'
        sleep 0.1
    done
    port=${port##*:}
}

# open WHO COMMAND: a terminal with a client in it.
open() {
    screens new-session -d -x 80 -y 40 -s "$1" "$2 127.0.0.1 $port"
    see "$1" 'anon>'
}

# show WHO: the rows of the terminal, the last ones in use at the end.
show() {
    screens capture-pane -p -t "=$1:"
}

# see WHO TEXT: waits until the last row in use begins with TEXT.
see() {
    local end=$((SECONDS + DEADLINE))
    until [[ $(show "$1" | sed '/^ *$/d' | tail -n 1) == "$2"* ]]; do
        ((SECONDS <= end)) || fail "$1 does not see '$2' but:"$'\n'"$(show "$1")"
        sleep 0.05
    done
}

# see_said WHO TEXT: waits until a row of the transcript ends with TEXT.
see_said() {
    local end=$((SECONDS + DEADLINE))
    until [[ $(show "$1") == *"]"*": $2"* ]]; do
        ((SECONDS <= end)) || fail "$1 does not see that somebody says '$2' but:"$'\n'"$(show "$1")"
        sleep 0.05
    done
}

# keys WHO TEXT: types without pressing Enter.
keys() {
    screens send-keys -t "=$1:" -l "$2"
    sleep "$THINKING"
}

# say WHO TEXT: types the end of a line; all see it.
say() {
    keys "$1" "$2"
    screens send-keys -t "=$1:" Enter
}

walk_in() {
    say "$1" 4
    see "$1" 'Please enter your new username:'
    say "$1" "$1"
    see "$1" "$1>"
    say "$1" 2
    see "$1" 'Please enter room number:'
    say "$1" "$room"
    see "$1" "$1>"
}

talk() {
    open "$thai" nc.openbsd
    say "$thai" 1
    see "$thai" 'Enter room name'
    say "$thai" "$room"
    see "$thai" 'anon>'
    walk_in "$thai"
    say "$thai" '\ansi'
    see "$thai" "$thai>"
    open "$dai" inetutils-telnet
    walk_in "$dai"
    open "$tee" nc.openbsd
    walk_in "$tee"

    say "$thai" 'ดี'
    see_said "$tee" 'ดี'
    say "$dai" 'yo!'
    see_said "$tee" 'yo!'
    # From here on there is always something half typed.
    keys "$dai" 'ใจเย็นคับ'
    keys "$thai" 'เจอได้'
    say "$tee" 'ดีค้าบบบบ'
    see_said "$dai" 'ดีค้าบบบบ'
    see_said "$thai" 'ดีค้าบบบบ'
    keys "$tee" 'ก็มาดิ'
    say "$thai" 'หมด'
    see_said "$tee" 'เจอได้หมด'
    keys "$thai" 'รอ'
    say "$tee" 'ค้าบ'
    see_said "$thai" 'ก็มาดิค้าบ'
    see_said "$dai" 'ก็มาดิค้าบ'
    see "$tee" "$tee>"
}

# block WHO TITLE: what WHO sees of the room.
block() {
    printf '%s\n\n```text\n' "$2"
    show "$1" | sed -e '1,/^---.* Room /{/^---.* Room /!d}' -e 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
    printf '```\n\n'
}

main() {
    trap clean_up EXIT
    start_server
    talk
    block "$dai" "$dai, with \`telnet\`, has typed \`ใจเย็นคับ\` and not pressed Enter:"
    block "$thai" "$thai, with \`nc\` and \`\\ansi\`, has typed \`รอ\`:"
    block "$tee" "$tee, with plain \`nc\`, had typed \`ก็มาดิ\` when \`เจอได้หมด\` came, and then the rest:"
}

main
