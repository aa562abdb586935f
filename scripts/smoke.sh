#!/usr/bin/env bash
# Walks through a running server as its users do: three people, a script, a telnet, a browser gone astray.
# Plain bash over /dev/tcp; needs nothing else.
#
# usage: scripts/smoke.sh [HOST PORT]
#
# Without arguments it builds the server, unless PARLOR names one that is built, and starts it on a free port. Prints each
# step; ends with code 1 at the first that fails, with what was seen. Names and the room are new in each run, so that it can
# be run against a live server again and again; the room stays there until that server stops.
set -euo pipefail
cd "$(dirname "$0")/.."

# Bytes, not characters: what is compared may be cut anywhere, or be Telnet.
export LC_ALL=C
# A peer that has closed is seen when reading, and must not kill this script when writing.
trap '' PIPE

# Seconds that an answer may take.
DEADLINE=20

declare -A fds=()  # who -> file descriptor of the connection
declare -A seen=() # who -> everything received so far
declare -A rest=() # who -> what of it comes after the last match
server_pid=
server_log=

step() {
    printf '  %s\n' "$*"
}

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    local who
    for who in "${!seen[@]}"; do
        printf -- '--- seen by %s:\n%s\n' "$who" "${seen[$who]}" >&2
    done
    if [[ -n $server_log ]]; then
        printf -- '--- standard error of the server:\n' >&2
        cat "$server_log" >&2
    fi
    exit 1
}

# connect WHO: opens a connection.
connect() {
    local fd
    exec {fd}<>"/dev/tcp/$host/$port" || fail "cannot connect to $host port $port"
    fds[$1]=$fd
    seen[$1]=
    rest[$1]=
}

# hang_up WHO: closes our end.
hang_up() {
    local fd=${fds[$1]}
    exec {fd}>&-
    unset "fds[$1]"
}

# say WHO LINE: sends a line ended by LF. send WHO FORMAT: sends what printf makes of FORMAT.
say() {
    printf '%s\n' "$2" 1>&"${fds[$1]}" 2>/dev/null || true
}

send() {
    # shellcheck disable=SC2059 # the format is the point
    printf "$2" 1>&"${fds[$1]}" 2>/dev/null || true
}

# take WHO: reads one byte into the record, CR left out; false at the end of input, which may be a reset,
# and at the deadline.
take() {
    local byte
    IFS= read -r -N 1 -t "$DEADLINE" -u "${fds[$1]}" byte 2>/dev/null || return 1
    if [[ $byte != $'\r' ]]; then
        seen[$1]+=$byte
        rest[$1]+=$byte
    fi
}

# expect WHO TEXT: waits for TEXT after the last match.
expect() {
    local who=$1 text=$2
    local end=$((SECONDS + DEADLINE))
    while [[ ${rest[$who]} != *"$text"* ]]; do
        ((SECONDS <= end)) || fail "$who did not see '$text' in time"
        take "$who" || fail "$who did not see '$text'"
    done
    rest[$who]=${rest[$who]#*"$text"}
}

# expect_next WHO TEXT: TEXT must be what comes next, with nothing before it.
expect_next() {
    local who=$1 text=$2
    while ((${#rest[$who]} < ${#text})); do
        take "$who" || break
    done
    [[ ${rest[$who]} == "$text"* ]] || fail "$who should see '$text' next, and sees '${rest[$who]}'"
    rest[$who]=${rest[$who]#"$text"}
}

# expect_line WHO NAME TEXT: a line of the transcript comes next, with a time of day.
expect_line() {
    local who=$1 text="] $2: $3"$'\n'
    expect "$who" "$text"
    [[ ${seen[$who]} =~ \[[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"$text" ]] || fail "$who saw no time before '$text'"
}

# expect_end WHO: the server must close.
expect_end() {
    local start=$SECONDS
    while take "$1"; do :; done
    ((SECONDS - start < DEADLINE)) || fail "the connection of $1 was not closed"
    hang_up "$1"
}

# enter WHO: takes the name WHO and joins the room.
enter() {
    expect "$1" 'anon> '
    say "$1" 4
    expect "$1" 'Please enter your new username: '
    say "$1" "$1"
    expect_next "$1" $'Update username successful\n=========== Welcome! ==============\n'
    expect "$1" "$1> "
    say "$1" 2
    expect_next "$1" 'Please enter room number: '
    say "$1" "$room"
    expect_next "$1" "Join room $room successful"$'\n'"(type '\\exit' to quit)"$'\n'
    expect "$1" "------------ Room $room ------------"$'\n'
    expect "$1" "$1> "
}

start_server() {
    local program=${PARLOR:-}
    if [[ -z $program ]]; then
        printf 'building\n'
        cargo build --release --quiet
        program=${CARGO_TARGET_DIR:-target}/release/parlor
    fi
    server_log=$(mktemp)
    local err line
    exec {err}< <(exec "$program" --listen 127.0.0.1:0 2>&1)
    server_pid=$!
    while IFS= read -r -t "$DEADLINE" -u "$err" line; do
        printf '%s\n' "$line" >>"$server_log"
        if [[ $line == *"listening on 127.0.0.1:"* ]]; then
            port=${line##*:}
            break
        fi
    done
    [[ -n $port ]] || fail 'the server does not listen'
    # The server must never wait for somebody to read its log.
    cat <&"$err" >>"$server_log" &
}

stop_server() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
        rm -f "$server_log"
    fi
}

three_people_talk() {
    step 'three people walk in and see the menu'
    connect "$ann"
    expect_next "$ann" $'=========== Welcome! ==============\nEnter following number to:\n'
    expect "$ann" 'anon> '
    say "$ann" 1
    expect_next "$ann" 'Enter room name you wish to create: '
    say "$ann" "$room"
    expect_next "$ann" "Create room $room successful"$'\n'
    enter "$ann"
    connect "$ben"
    enter "$ben"
    expect_next "$ann" $'\n'"* $ben joined"$'\n'"$ann> "
    connect "$thai"
    enter "$thai"
    expect_next "$ann" $'\n'"* $thai joined"$'\n'"$ann> "
    expect_next "$ben" $'\n'"* $thai joined"$'\n'"$ben> "

    step 'what one says, all see, in one order'
    local who
    for who in "$thai" "$ben" "$ann"; do
        say "$who" "ดีค้าบบบบ from $who"
        local other
        for other in "$ann" "$ben" "$thai"; do
            expect_line "$other" "$who" "ดีค้าบบบบ from $who"
            expect_next "$other" "$other> "
        done
    done

    step 'half-typed text stays whole'
    send "$ann" 'hello wor'
    say "$ben" 'in between'
    expect_line "$ann" "$ben" 'in between'
    expect_next "$ann" "$ann> "
    send "$ann" 'ld\n'
    expect_line "$ben" "$ann" 'hello world'
}

commands_work() {
    step 'commands'
    say "$ann" '\help'
    expect "$ann" '\who'
    expect "$ann" "$ann> "
    say "$ann" '\who'
    expect "$ann" "$ben"
    expect "$ann" "$ann> "
    say "$ann" "\\name $ben"
    expect "$ann" "$ann> "
    say "$ben" "\\name ${ben}2"
    expect "$ann" "* $ben is now known as ${ben}2"$'\n'
    expect "$ben" "${ben}2> "
    say "$ann" '\dance'
    say "$ann" '/usr/bin'
    expect_line "$ben" "$ann" '/usr/bin'
    # shellcheck disable=SC1003 # a backslash is what is meant
    say "$ann" '\\x'
    expect_line "$ben" "$ann" '\x'
}

odd_bytes_are_fine() {
    step 'every end of line, many lines at once, bytes that are no text'
    send "$ann" 'one\ntwo\r\nthree\r\000four\r'
    local word
    for word in one two three four; do
        expect_line "$thai" "$ann" "$word"
    done
    send "$ann" 'esc \033[2J bell \007 bad \377\377 end\n'
    expect "$thai" "] $ann: esc "
    expect "$thai" $' end\n'
    [[ ${seen[$thai]} != *[$'\033\007\377']* ]] || fail "a control or a Telnet byte reached $thai"

    step 'a line that is too long is refused, the next one works'
    send "$ann" "$(printf 'x%.0s' {1..5000})\n"
    say "$ann" 'after the long line'
    expect_line "$thai" "$ann" 'after the long line'
    [[ ${seen[$thai]} != *xxxxxxxxxxxxxxxx* ]] || fail 'a part of the long line was sent'
}

a_telnet_is_in_character_mode() {
    step 'a telnet is asked after its first line, and answers'
    connect "$tel"
    expect "$tel" 'anon> '
    send "$tel" '4\r\n'
    # DO BINARY (whose number is a NUL, which bash leaves out), DO TERMINAL-TYPE, DO NAWS; and wiped away.
    expect_next "$tel" $'\0337\377\375\377\375\030\377\375\037\0338\033[K'
    send "$tel" '\377\373\000\377\373\030\377\373\037\377\372\037\000\120\000\030\377\360'
    expect "$tel" $'\377\372\030\001\377\360'
    send "$tel" '\377\372\030\000XTERM\377\360'
    expect "$tel" $'\377\373\001\377\373\003'
    send "$tel" '\377\375\001\377\375\003'
    expect "$tel" $'\033[?2004h'
    expect "$tel" $'\033[KPlease enter your new username: '

    step 'the server echoes and edits its line, and messages come above it'
    send "$tel" "y$tel\001\004\r\0002\r$room\r"
    expect "$tel" "------------ Room $room ------------"$'\n'
    expect "$tel" "$tel> "
    expect "$ann" "* $tel joined"$'\n'
    send "$tel" 'hello wot\177'
    expect "$tel" 'hello wo'
    say "$ann" 'in between'
    expect "$tel" ': in between'$'\n\033[K'"$tel> hello wo"
    send "$tel" 'rld\r'
    expect_line "$ann" "$tel" 'hello world'
    expect "$tel" ': hello world'$'\n\033[K'"$tel> "
    # Ctrl-D leads out of the room, then out of the server.
    send "$tel" '\004'
    expect "$tel" '=========== Welcome!'
    send "$tel" '\004'
    expect "$tel" $'Goodbye.\n\033[?2004l'
    expect_end "$tel"
    expect "$ann" "* $tel left"$'\n'
}

leaving_works() {
    step 'leaving the room, the list, goodbye'
    say "$thai" '\exit'
    expect "$thai" '=========== Welcome!'
    expect "$thai" "$thai> "
    say "$thai" 3
    expect_next "$thai" 'Active Room(s): '
    expect "$thai" "$room"
    expect "$thai" "$thai> "
    say "$thai" 5
    expect_next "$thai" $'Goodbye.\n'
    expect_end "$thai"
    expect "$ben" "* $thai left"$'\n'
    say "$ben" '\quit'
    expect "$ben" $'Goodbye.\n'
    expect_end "$ben"
}

a_script_types_ahead() {
    step 'a script sends everything at once'
    connect script
    send script "4\\n$ben\\n2\\n$room\\nhi\\n\\\\exit\\n5\\n"
    expect script "$ben> Please enter room number: Join room $room successful"$'\n'
    expect_line script "$ben" hi
    expect_next script "$ben> "
    expect script '=========== Welcome!'
    expect script $'Goodbye.\n'
    expect_end script
    expect_line "$ann" "$ben" hi
}

other_protocols_are_answered() {
    step 'a TIMING-MARK is answered'
    connect telnet
    expect telnet 'anon> '
    send telnet '\377\375\006'
    expect telnet $'\377\373\006'
    hang_up telnet

    step 'a browser gets one line'
    connect browser
    expect browser 'anon> '
    send browser 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    expect_end browser
}

main() {
    host=${1:-127.0.0.1}
    port=${2-}
    trap stop_server EXIT
    if (($# == 0)); then
        start_server
    elif (($# != 2)); then
        printf 'usage: %s [HOST PORT]\n' "$0" >&2
        exit 2
    fi
    local id=$$x$RANDOM
    room=smoke-$id ann=ann$id ben=ben$id thai=เทอ$id tel=tel$id
    printf 'testing %s port %s, room %s\n' "$host" "$port" "$room"
    three_people_talk
    commands_work
    odd_bytes_are_fine
    a_telnet_is_in_character_mode
    leaving_works
    a_script_types_ahead
    other_protocols_are_answered
    printf 'smoke test passed\n'
}

main "$@"
