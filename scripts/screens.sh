#!/usr/bin/env bash
# Makes screens of real clients.
#
# usage: scripts/screens.sh
#        scripts/screens.sh --attacked FOLDER
#        scripts/screens.sh --looks FOLDER
#
# Without arguments, those of the README: three people talk, each at a terminal of its own, and each has a line
# half typed while messages arrive. Prints the blocks to standard output.
# With --attacked, pictures of an xterm at 80x24 and 40x12, each with nc, telnet, and nc with \ansi, in which
# Eve says `ok`, blanks to the edge of the screen, and a row as if Dai had said it. FOLDER gets a picture and
# the text of each screen, and it is printed which screens show that row as one of their own.
#
# With --looks, pictures of a room with all that stands out in one: an xterm, dark and light; one that has the
# type, the colours and the font of the Linux console; PuTTY; and nc with \ansi. FOLDER is docs/screens for
# those of the documentation.
#
# Needs tmux, inetutils-telnet and netcat-openbsd; for pictures instead of tmux xterm, xvfb, xdotool and
# imagemagick, and putty for its own, without which they are skipped. PARLOR=path starts another program than
# the one built here.
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
# Other processes that have to be ended.
pids=()

# Our own tmux server, which knows nothing of any other.
screens() {
    tmux -u -S "$work/tmux" -f /dev/null "$@"
}

clean_up() {
    screens kill-server 2>/dev/null || true
    stop_server
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}

stop_server() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
        server_pid=
    fi
}

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    exit 1
}

start_server() {
    local program=${PARLOR-}
    if [[ -z $program ]]; then
        cargo build --release --quiet
        program=${CARGO_TARGET_DIR:-target}/release/parlor
    fi
    # Emptied here: what starts in the background may do so after the first look.
    : >"$work/log"
    "$program" --listen 127.0.0.1:0 2>>"$work/log" &
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

# ---- an xterm that is attacked ----

# What Eve wants others to believe.
forged='[14:14:08] Dai: yes, I pushed that bug, sorry'

# Names what is missing of the programs that take pictures; true if nothing is.
has_x() {
    local entry missing=
    for entry in xterm Xvfb:xvfb xdotool import:imagemagick inetutils-telnet nc.openbsd:netcat-openbsd; do
        command -v "${entry%%:*}" >/dev/null || missing+=" ${entry##*:}"
    done
    if [[ -n $missing ]]; then
        printf 'skipped: no pictures without%s (Debian: apt-get install -y%s)\n' "$missing" "$missing" >&2
        return 1
    fi
}

start_x() {
    Xvfb -displayfd 3 -screen 0 1000x700x24 -nolisten tcp 3>"$work/display" 2>"$work/xvfb" &
    pids+=($!)
    local end=$((SECONDS + DEADLINE))
    until [[ -s $work/display ]]; do
        ((SECONDS <= end)) || fail "Xvfb does not start: $(cat "$work/xvfb")"
        sleep 0.1
    done
    DISPLAY=:$(cat "$work/display")
    export DISPLAY
}

# open_xterm SIZE CLIENT OPTION...: an xterm with CLIENT in it. F12 prints what it shows.
open_xterm() {
    local size=$1 client=$2
    shift 2
    (($# > 0)) || set -- -fa Monospace -fs 11
    : >"$work/screen"
    xterm -u8 "$@" -geometry "$size+0+0" \
        -xrm "XTerm*printerCommand: cat >'$work/screen.new'; mv '$work/screen.new' '$work/screen'" \
        -xrm 'XTerm*printAttributes: 0' -xrm 'XTerm*printerFormFeed: false' \
        -xrm 'XTerm*VT100.translations: #override <Key>F12: print()' \
        -e "$client" 127.0.0.1 "$port" &
    xterm_pid=$!
    pids+=("$xterm_pid")
    window=$(xdotool search --sync --onlyvisible --class xterm | head -n 1)
    # Keys go where the pointer is.
    xdotool mousemove --window "$window" 20 20
}

# The rows that the xterm shows.
show_xterm() {
    xdotool key F12
    sleep 0.1
    sed 's/ *$//' "$work/screen"
}

# see_xterm TEXT: waits until some row of the xterm contains TEXT.
see_xterm() {
    local end=$((SECONDS + DEADLINE))
    until [[ $(show_xterm) == *"$1"* ]]; do
        ((SECONDS <= end)) || fail "the xterm does not show '$1' but:"$'\n'"$(show_xterm)"
    done
}

# type_xterm LINE: types it and presses Enter.
type_xterm() {
    sleep "$THINKING"
    xdotool type --delay 5 -- "$1"
    xdotool key Return
}

# eve LINE...: Eve says it.
eve() {
    printf '%s\n' "$@" >&"$eve_fd"
}

eve_enters() {
    exec {eve_fd}<>"/dev/tcp/127.0.0.1/$port"
    # Nobody must wait for Eve to read.
    cat <&"$eve_fd" >"$work/eve" 2>/dev/null &
    pids+=($!)
    eve '\name Eve' 1 "$room" 2 "$room"
    local end=$((SECONDS + DEADLINE))
    until grep -q "Room $room ---" "$work/eve"; do
        ((SECONDS <= end)) || fail "Eve does not come in: $(cat "$work/eve")"
        sleep 0.1
    done
}

# capture COLUMNS ROWS HOW: what ann sees of Eve, with that client.
capture() {
    local columns=$1 size=$1x$2 how=$3 client=nc.openbsd
    local name="$folder/$how-$size"
    [[ $how != telnet ]] || client=inetutils-telnet
    start_server
    eve_enters
    open_xterm "$size" "$client"
    see_xterm 'anon>'
    type_xterm '\name ann'
    see_xterm 'ann>'
    if [[ $how == ansi ]]; then
        type_xterm '\ansi'
        see_xterm 'ANSI drawing is on'
    fi
    # nc tells no width, so its user does.
    [[ $how == telnet || $columns == 80 ]] || type_xterm "\\width $columns"
    type_xterm "\\join $room"
    see_xterm "Room $room ---"
    eve 'hello'
    see_xterm 'Eve: hello'
    sleep "$THINKING"
    xdotool type --delay 5 'half typed'
    see_xterm 'ann> half typed'
    local before='[14:14:08] Eve: ok'
    printf '%s%*s%s\n' ok $((columns - ${#before})) '' "$forged" >&"$eve_fd"
    see_xterm sorry
    show_xterm >"$name.txt"
    import -window "$window" "$name.png"
    if grep -q '^\[14:14:08\]' "$name.txt"; then
        printf '%s: forged\n' "${name##*/}"
    else
        printf '%s: no row is forged\n' "${name##*/}"
    fi
    kill "$xterm_pid"
    wait "$xterm_pid" 2>/dev/null || true
    exec {eve_fd}>&-
    stop_server
}

attacked() {
    has_x || exit 0
    folder=$1
    mkdir -p "$folder"
    start_x
    local how
    for how in nc telnet ansi; do
        capture 80 24 "$how"
        capture 40 12 "$how"
    done
}

# ---- what stands out in a room ----

# What the Linux console makes of the first sixteen colours.
console=(-tn linux -fn 10x20 -bg black -fg '#aaaaaa' -cr '#aaaaaa')
for entry in 0:000000 1:aa0000 2:00aa00 3:aa5500 4:0000aa 5:aa00aa 6:00aaaa 7:aaaaaa \
    8:555555 9:ff5555 10:55ff55 11:ffff55 12:5555ff 13:ff55ff 14:55ffff 15:ffffff; do
    console+=(-xrm "XTerm*color${entry%%:*}: #${entry##*:}")
done

# guest NAME: somebody at a socket, in the room, who says what is written to the descriptor in fd[NAME].
declare -A fd
guest() {
    local socket
    exec {socket}<>"/dev/tcp/127.0.0.1/$port"
    cat <&"$socket" >"$work/guest-$1" 2>/dev/null &
    pids+=($!)
    fd[$1]=$socket
    guest_says "$1" "\\name $1" 1 "$room" 2 "$room"
    guest_sees "$1" "Room $room ---"
}

guest_says() {
    printf '%s\n' "${@:2}" >&"${fd[$1]}"
}

guest_sees() {
    local end=$((SECONDS + DEADLINE))
    until grep -qF "$2" "$work/guest-$1"; do
        ((SECONDS <= end)) || fail "$1 does not see '$2' but: $(cat "$work/guest-$1")"
        sleep 0.05
    done
}

# A room with everything in it that stands out. The person at the screen is ann, whose window is there already.
scene() {
    local how=$1
    type_xterm '\name ann'
    if [[ $how == ansi ]]; then
        type_xterm '\ansi'
    fi
    type_xterm "\\join $room"
    guest_sees Dai '* ann joined'
    guest_says Dai 'lunch at noon, in the usual place?'
    guest_sees Bo 'in the usual place?'
    guest_says Bo '@ann are you coming?'
    guest_sees Dai 'are you coming?'
    guest_says Dai '\me looks for his bicycle'
    guest_sees Bo 'looks for his bicycle'
    guest Zoe
    guest_sees Bo '* Zoe joined'
    guest_says Dai '\msg ann bring the umbrella, please'
    sleep 0.3
    type_xterm 'yes, ten minutes later'
    guest_sees Bo 'ann: yes, ten minutes later'
    type_xterm '\search lunch'
    sleep 0.5
    xdotool type --delay 5 'and the umbr'
    sleep 0.5
}

# picture NAME HOW COMMAND...: opens the window with COMMAND, plays the scene, and takes NAME.png.
picture() {
    local name=$1 how=$2
    shift 2
    start_server
    guest Dai
    guest Bo
    "$@"
    sleep 1
    scene "$how"
    import -window "$window" "$folder/$name.png"
    kill "$xterm_pid"
    wait "$xterm_pid" 2>/dev/null || true
    local guest
    for guest in "${!fd[@]}"; do
        exec {fd[$guest]}>&-
        unset "fd[$guest]"
    done
    stop_server
}

open_putty() {
    putty -telnet -P "$port" 127.0.0.1 2>/dev/null &
    xterm_pid=$!
    pids+=("$xterm_pid")
    window=$(xdotool search --sync --onlyvisible --class putty | head -n 1)
    xdotool mousemove --window "$window" 60 60
    xdotool windowfocus "$window" 2>/dev/null || true
}

looks() {
    has_x || exit 0
    folder=$1
    mkdir -p "$folder"
    start_x
    local vector=(-fa 'DejaVu Sans Mono' -fs 11)
    picture xterm-dark telnet open_xterm 80x24 inetutils-telnet "${vector[@]}" -bg black -fg grey90 -cr grey90
    picture xterm-light telnet open_xterm 80x24 inetutils-telnet "${vector[@]}" -bg white -fg black
    picture linux-console telnet open_xterm 80x24 inetutils-telnet "${console[@]}"
    picture nc-ansi ansi open_xterm 80x24 nc.openbsd "${vector[@]}" -bg black -fg grey90 -cr grey90
    if command -v putty >/dev/null; then
        picture putty telnet open_putty
    else
        printf 'skipped: no picture of PuTTY (Debian: apt-get install -y putty)\n' >&2
    fi
}

main() {
    trap clean_up EXIT
    if [[ ${1-} == --attacked && $# == 2 ]]; then
        attacked "$2"
        return
    elif [[ ${1-} == --looks && $# == 2 ]]; then
        looks "$2"
        return
    elif (($# > 0)); then
        sed -n '4,6s/^# \{0,1\}//p' "$0" >&2
        exit 2
    fi
    start_server
    talk
    block "$dai" "$dai, with \`telnet\`, has typed \`ใจเย็นคับ\` and not pressed Enter:"
    block "$thai" "$thai, with \`nc\` and \`\\ansi\`, has typed \`รอ\`:"
    block "$tee" "$tee, with plain \`nc\`, had typed \`ก็มาดิ\` when \`เจอได้หมด\` came, and then the rest:"
}

main "$@"
