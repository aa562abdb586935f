#!/usr/bin/env bash
# Three parlor nodes behind HAProxy, on a PostgreSQL primary with a synchronous standby: all on this machine, to try out.
#
# usage: scripts/cluster.sh [start] [OPTION...]   starts all of it, says what to type, and stops it at ^C
#        scripts/cluster.sh status                what runs, and where
#        scripts/cluster.sh stop                  stops what runs, from another terminal
#
# While it runs, from another terminal; NAME is 1, 2 or 3 (a node), primary, standby or haproxy:
#        scripts/cluster.sh kill NAME             kill -9
#        scripts/cluster.sh pause NAME            stops its clock (SIGSTOP), and
#        scripts/cluster.sh resume NAME           lets it go on
#        scripts/cluster.sh stop NAME             in order, as for an upgrade
#        scripts/cluster.sh start NAME            starts it again; a standby anew, from a copy of the primary
#        scripts/cluster.sh promote               makes the standby the primary; kill the primary first
#        scripts/cluster.sh log NAME              what it logs
#        scripts/cluster.sh psql [ARGUMENT...]    SQL, at the primary
#        scripts/cluster.sh admin N COMMAND...    what operators ask of node N: nodes, list, rooms, ban and so on
#
# Options, of the first form:
#        --background       comes back once all of it runs
#        --address ADDRESS  where it listens (default: 127.0.0.1)
#        --port PORT        HAProxy's; the nodes have the next three, PostgreSQL the two after those (default: 50010)
#        --lease SECONDS    how long others wait for a node that is silent (default: 10)
#        --install          installs what is missing, as root on Debian
# Option of all forms:
#        --dir DIRECTORY    where its files are. They stay there, and it goes on with them when it is started again
#                           (default: a directory in /tmp, which is deleted when it stops)
#
# PARLOR=path takes another program than the one that cargo builds here. PostgreSQL refuses to run as root; for root it
# runs as postgres, or as nobody. Everything else runs as who calls this.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"
# Root's search path, and a user's, may lack what the packages and rustup install.
export PATH="$PATH:/usr/sbin:/sbin:${CARGO_HOME:-$HOME/.cargo}/bin"

# Seconds that anything may take to start or stop.
DEADLINE=60
NODES=(1 2 3)

usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '$d'
}

fail() {
    printf 'cluster.sh: %s\n' "$1" >&2
    exit 1
}

# ---- arguments ----

command=
install=false background=false
address=127.0.0.1 port=50010 lease=10
dir=${TMPDIR:-/tmp}/parlor-cluster-$UID
is_kept=false
args=()

# number WHAT VALUE LEAST MOST
number() {
    if [[ ! $2 =~ ^[0-9]{1,5}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        fail "$1 $2: a number from $3 to $4 is needed"
    fi
}

while (($# > 0)); do
    case $1 in
        -h | --help)
            usage
            exit
            ;;
        --install) install=true ;;
        --background) background=true ;;
        --address | --port | --lease | --dir)
            (($# > 1)) || fail "$1 needs a value"
            case $1 in
                --address) address=$2 ;;
                --port) number --port "$2" 1024 65000 && port=$2 ;;
                --lease) number --lease "$2" 1 3600 && lease=$2 ;;
                --dir) dir=$2 is_kept=true ;;
            esac
            shift
            ;;
        -*) fail "there is no option $1; --help tells those there are" ;;
        *)
            command=$1
            shift
            # What follows these is theirs.
            if [[ $command == psql || $command == admin ]]; then
                args=("$@")
                break
            fi
            if (($# > 0)) && [[ $1 != -* ]]; then
                args+=("$1")
                shift
            fi
            continue
            ;;
    esac
    shift
done
[[ $address =~ ^127\.[0-9.]+$ ]] || fail "--address $address: all of this is to try out, so it has to be 127.something"
dir=$(realpath -m "$dir")

# Ports: HAProxy, then what people call; further on, what only these programs call.
node_port() { echo $((port + $1)); }
pg_port() { echo $((port + 3 + $1)); }
proxied_port() { echo $((port + 10 + $1)); }
metrics_port() { echo $((port + 20 + $1)); }

# Takes over where a cluster in this directory is, and how it was started.
read_settings() {
    [[ -f $dir/settings && -O $dir/settings ]] || return 1
    # It is ours, and nobody else could write to it.
    # shellcheck source=/dev/null
    . "$dir/settings"
    find_pg_user
}

# ---- processes, by their ids ----

# The moment at which process PID was started: with it, an id is never taken for that of another process.
born() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The second field is the program's name in parentheses, and may hold blanks.
    stat=${stat##*) }
    cut -d' ' -f20 <<<"$stat"
}

# launch NAME COMMAND...: starts it away from ^C, which this script handles, and notes its id.
launch() {
    local name=$1 pid
    shift
    setsid "$@" >>"$dir/log/$name" 2>&1 </dev/null &
    pid=$!
    # It is not this shell's to tell of its end.
    disown
    printf '%s %s\n' "$pid" "$(born "$pid")" >"$dir/run/$name"
}

# pid NAME: the id of what was started as NAME, if that still runs.
pid() {
    local id since
    read -r id since 2>/dev/null <"$dir/run/$1" || return 1
    [[ $(born "$id") == "$since" && $(sed 's/.*) //' "/proc/$id/stat" 2>/dev/null) != Z* ]] || return 1
    echo "$id"
}

# signal SIGNAL NAME: PostgreSQL's server processes get it too.
signal() {
    local id ids
    id=$(pid "$2") || return 0
    ids=$id
    if [[ $2 == pg? && ($1 == KILL || $1 == STOP || $1 == CONT) ]]; then
        ids="$id $(cat "/proc/$id/task/$id/children" 2>/dev/null || true)"
    fi
    # Those that have ended meanwhile are no fault.
    # shellcheck disable=SC2086
    kill -"$1" $ids 2>/dev/null || true
}

# until_it WHAT COMMAND...: waits until the command succeeds.
until_it() {
    local what=$1 end=$((SECONDS + DEADLINE))
    shift
    until "$@"; do
        ((SECONDS < end)) || fail "$what; it was waited for for $DEADLINE s. See the logs in $dir/log"
        sleep 0.1
    done
}

# until_up NAME WHERE COMMAND...: the same, and fails at once if NAME has ended.
until_up() {
    local name=$1 where=$2 end=$((SECONDS + DEADLINE))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! pid "$name" >/dev/null || ((SECONDS >= end)); then
            tail -n 15 "$dir/log/$name" >&2
            fail "$(called "$name") did not start at $where; above is the end of $dir/log/$name"
        fi
        sleep 0.1
    done
}

is_gone() {
    ! pid "$1" >/dev/null
}

# end SIGNAL NAME: ends it and waits until it is gone.
end() {
    is_gone "$2" && return
    signal CONT "$2"
    signal "$1" "$2"
    until_it "$(called "$2") does not end" is_gone "$2"
}

# called NAME: what people call it.
called() {
    case $1 in
        node?) echo "node ${1#node}" ;;
        pg?) if [[ ${1#pg} == "$(primary)" ]]; then echo "the primary"; else echo "the standby"; fi ;;
        *) echo HAProxy ;;
    esac
}

# inside NAME: the process behind a name that people use.
inside() {
    case $1 in
        1 | 2 | 3) echo "node$1" ;;
        primary) echo "pg$(primary)" ;;
        standby) echo "pg$(standby)" ;;
        haproxy) echo haproxy ;;
        *) fail "there is no $1; it is 1, 2, 3, primary, standby or haproxy" ;;
    esac
}

# ---- PostgreSQL ----

primary() { cat "$dir/primary"; }
standby() { echo $((3 - $(primary))); }

# sql_at N STATEMENT
sql_at() {
    PGPASSWORD=$(cat "$dir/password") PGCONNECT_TIMEOUT=5 "$pg_bin/psql" -XqAt -v ON_ERROR_STOP=1 \
        -h "$address" -p "$(pg_port "$1")" -U postgres -d postgres -c "$2"
}

launch_pg() {
    launch "pg$1" "${as_pg[@]}" "$pg_bin/postgres" -D "$dir/pg$1" -h "$address" -p "$(pg_port "$1")"
    until_up "pg$1" "$address:$(pg_port "$1")" "$pg_bin/pg_isready" -q -U postgres -h "$address" -p "$(pg_port "$1")"
}

make_primary() {
    local data=$dir/pg1
    echo 1 >"$dir/primary"
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password"
    cp "$dir/password" "$dir/password.pg"
    make_data "$data" "$dir/password.pg"
    "${as_pg[@]}" "$pg_bin/initdb" -D "$data" -U postgres -A scram-sha-256 -E UTF8 --locale=C.UTF-8 \
        --pwfile="$dir/password.pg" >>"$dir/log/initdb" 2>&1 \
        || fail "initdb failed: $(tail -n 1 "$dir/log/initdb")"
    rm "$dir/password.pg"
    cat >>"$data/postgresql.conf" <<'CONF'
unix_socket_directories = ''
# So that a standby that was away for a while can go on.
wal_keep_size = 256MB
max_connections = 100
shared_buffers = 64MB
CONF
    launch_pg 1
    sql_at 1 "create role parlor login password '$(cat "$dir/password")'"
    sql_at 1 "create database parlor owner parlor encoding 'UTF8'"
}

# make_standby: a copy of the primary, which follows it; commits wait for it from then on.
make_standby() {
    local from to data
    from=$(primary) to=$(standby) data=$dir/pg$(standby)
    make_data "$data"
    PGPASSWORD=$(cat "$dir/password") "${as_pg[@]}" "$pg_bin/pg_basebackup" -D "$data" -R -X stream -c fast \
        -d "host=$address port=$(pg_port "$from") user=postgres application_name=pg$to" >>"$dir/log/pg$to" 2>&1 \
        || fail "the standby could not be copied from the primary; see $dir/log/pg$to"
    launch_pg "$to"
    until_it "the standby does not follow the primary" follows "$from"
    # Whoever is told that a line is stored finds it on the standby, too.
    sql_at "$from" "alter system set synchronous_standby_names = '*'"
    sql_at "$from" "select pg_reload_conf()" >/dev/null
    until_it "the primary does not wait for the standby" follows "$from" sync
}

# follows N [STATE]: the standby has all of server N's log, and commits wait for it if the state is sync.
follows() {
    local query="select 1 from pg_stat_replication where state = 'streaming' and sync_state like '${2:-%}'"
    [[ -n $(sql_at "$1" "$query" 2>/dev/null) ]]
}

# ---- the rest ----

launch_node() {
    local own proxied metrics
    own=$address:$(node_port "$1") proxied=$address:$(proxied_port "$1") metrics=$address:$(metrics_port "$1")
    PGPASSWORD=$(cat "$dir/password") launch "node$1" "$program" --node-name "node$1" --node-lease "$lease" \
        --data "postgres://parlor@$address:$(pg_port 1),$address:$(pg_port 2)/parlor?target_session_attrs=read-write" \
        --listen "$own" --listen "proxy+$proxied" --metrics "$metrics" --admin "$dir/node$1.admin"
    until_up "node$1" "$own" is_open "$(node_port "$1")"
}

# is_open PORT: somebody listens there.
is_open() {
    # The connection ends with its shell.
    (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null
}

launch_haproxy() {
    {
        cat <<'CONF'
defaults
    mode tcp
    timeout connect 5s
    # A chat may be silent for a day; this notices those who are gone.
    timeout client 1d
    timeout server 1d
    option clitcpka
    # A node that has just gone: the next one.
    option redispatch
    retries 3

listen chat
CONF
        printf '    bind %s:%s\n    balance leastconn\n' "$address" "$port"
        local node
        for node in "${NODES[@]}"; do
            printf '    server node%s %s:%s send-proxy-v2 check inter 1s\n' "$node" "$address" "$(proxied_port "$node")"
        done
    } >"$dir/haproxy.cfg"
    launch haproxy haproxy -db -f "$dir/haproxy.cfg"
    until_up haproxy "$address:$port" is_open "$port"
}

look_for_programs() {
    look_for_postgres
    has haproxy || missing HAProxy "apt-get install -y haproxy"
    has setsid || missing setsid "apt-get install -y util-linux"
    if [[ -z ${PARLOR-} ]]; then
        has make || missing "make, which builds the allocator" "apt-get install -y make"
        has cc || missing "cc, the linker that Rust calls" "apt-get install -y gcc libc6-dev"
        has cargo || missing_cargo
    fi
}

start_all() {
    find_pg_user
    look_for_programs
    settle_missing "$install"
    if [[ -z $pg_bin ]]; then look_for_programs; fi
    program=${PARLOR-}
    if [[ -z $program ]]; then
        printf 'building parlor, which takes some minutes the first time\n'
        cargo build --release --quiet --locked --manifest-path "$root/Cargo.toml"
        program=${CARGO_TARGET_DIR:-$root/target}/release/parlor
    fi
    program=$(realpath "$program")
    [[ -x $program ]] || fail "$program is no program"
    make_directory
    # The programs start where everybody may be.
    cd /
    if [[ ! -f $dir/made ]]; then
        make_primary
        make_standby
        touch "$dir/made"
    else
        launch_pg "$(primary)"
        # What was the primary is none any more, and no standby yet.
        if [[ -f $dir/pg$(standby)/standby.signal ]]; then
            launch_pg "$(standby)"
            until_it "the standby does not follow the primary" follows "$(primary)" sync
        else
            make_standby
        fi
    fi
    local node
    for node in "${NODES[@]}"; do launch_node "$node"; done
    launch_haproxy
}

make_directory() {
    if [[ -e $dir && ! -O $dir ]]; then
        fail "$dir belongs to somebody else; choose another place with --dir"
    fi
    if [[ -d $dir && ! -f $dir/settings && -n $(ls -A "$dir") ]]; then
        fail "$dir is not empty, and not what this script has made; choose another place with --dir"
    fi
    mkdir -p "$dir"
    # PostgreSQL's user has to have a way to its own files; nobody has one to the others.
    chmod 711 "$dir"
    mkdir -p "$dir/run" "$dir/log"
    chmod 700 "$dir/run" "$dir/log"
    [[ -z $pg_user ]] || "${as_pg[@]}" test -x "$dir" \
        || fail "the user $pg_user, as whom PostgreSQL runs, has no way to $dir; choose another place with --dir"
    umask 077
    {
        printf 'address=%q port=%q lease=%q program=%q\n' "$address" "$port" "$lease" "$program"
        printf 'pg_bin=%q is_kept=%q\n' "$pg_bin" "$is_kept"
    } >"$dir/settings"
}

# All that may run, in the order in which it is stopped.
everything() {
    echo haproxy
    local node
    for node in "${NODES[@]}"; do echo "node$node"; done
    if [[ -f $dir/primary ]]; then
        # The primary first: it waits until the standby has all of it.
        echo "pg$(primary)"
        echo "pg$(standby)"
    fi
}

anything_runs() {
    local name
    for name in $(everything); do
        pid "$name" >/dev/null && return
    done
    return 1
}

stop_all() {
    local name
    for name in $(everything); do
        case $name in
            # Nobody is to lose more than their connection; those of the nodes are told.
            pg?) end INT "$name" ;;
            *) end TERM "$name" ;;
        esac
    done
    rm -rf "$dir/run"
    if [[ $is_kept == false ]]; then rm -rf "$dir"; fi
}

# ---- what can be asked ----

status() {
    local name place
    for name in $(everything); do
        case $name in
            haproxy) place=$address:$port ;;
            node?) place=$address:$(node_port "${name#node}") ;;
            pg?) place=$address:$(pg_port "${name#pg}") ;;
        esac
        printf '%-12s %-22s %s\n' "$(called "$name")" "$place" "$(state "$name")"
    done
}

state() {
    local id
    id=$(pid "$1") || {
        echo "does not run"
        return
    }
    case $(sed 's/.*) //' "/proc/$id/stat") in
        T*) echo "is paused, process $id" ;;
        *) echo "runs, process $id" ;;
    esac
}

say_what_to_type() {
    local nc="nc $address" again="scripts/cluster.sh"
    if $is_kept; then again+=" --dir $dir"; fi
    cat <<TEXT

Three nodes share one set of rooms. In a terminal of its own each:

    $nc $(node_port 1)     then type 4, ann, 1, 1150, 2, 1150, and what you want to say
    $nc $(node_port 2)     then type 4, ben, 2, 1150
    $nc $(node_port 3)     then type 4, cid, 2, 1150
    $nc $port     whichever node HAProxy chooses

Then take something away, and talk on:

    $again kill 2           a node; its people are told after ${lease} s to have left
    $again start 2
    $again kill primary     nothing can be said
    $again promote          it can again, and nothing that was seen is lost
    $again start standby
    $again admin 1 nodes    the nodes as node 1 sees them
    $again status           what runs; --help tells the rest

TEXT
}

start() {
    if anything_runs && read_settings; then
        printf 'It runs already:\n\n'
        status
        printf '\n%s stop stops it.\n' "$0"
        return
    fi
    # What was started is stopped, however this ends.
    trap 'trap "" INT TERM HUP; stop_all 2>/dev/null || true' EXIT
    trap 'exit 130' INT TERM HUP
    start_all
    status
    say_what_to_type
    if $background; then
        trap - EXIT INT TERM HUP
        printf '%s stop stops it.\n' "$0"
        return
    fi
    printf '^C stops all of it.\n'
    # Until ^C, or until somebody else stops it.
    while [[ -d $dir/run ]]; do
        sleep 1 &
        wait $! || true
    done
    trap - EXIT
}

start_one() {
    local name
    name=$(inside "$1")
    is_gone "$name" || fail "$(called "$name") runs already"
    case $name in
        node?) launch_node "$1" ;;
        haproxy) launch_haproxy ;;
        "pg$(primary)") launch_pg "$(primary)" ;;
        *)
            is_gone "pg$(primary)" && fail "a standby is copied from the primary, which does not run"
            make_standby
            ;;
    esac
    status
}

stop_one() {
    local name
    name=$(inside "$1")
    is_gone "$name" && fail "$(called "$name") does not run"
    case $name in
        pg?) end INT "$name" ;;
        *) end TERM "$name" ;;
    esac
    status
}

# send SIGNAL NAME
send() {
    local name
    name=$(inside "$2")
    is_gone "$name" && fail "$(called "$name") does not run"
    signal "$1" "$name"
    [[ $1 != KILL ]] || until_it "$(called "$name") does not end" is_gone "$name"
    status
}

promote() {
    local old new
    old=$(primary) new=$(standby)
    is_gone "pg$old" || fail "the primary runs: two would go their own ways. Kill it first"
    is_gone "pg$new" && fail "the standby does not run"
    # It has no standby of its own yet, so it waits for none.
    sql_at "$new" "select pg_promote(true, $DEADLINE)" >/dev/null
    echo "$new" >"$dir/primary"
    sql_at "$new" "alter system reset synchronous_standby_names"
    sql_at "$new" "select pg_reload_conf()" >/dev/null
    status
    printf 'It goes on without a standby. start standby makes one of what was the primary.\n'
}

# Everything else than start is about a cluster that is there.
if [[ -n $command && ($command != start || ${#args[@]} -gt 0) ]]; then
    read_settings || fail "no cluster was started in $dir; scripts/cluster.sh starts one"
    if [[ $command != stop && $command != status && $command != log ]]; then
        anything_runs || fail "the cluster in $dir does not run"
    fi
    mkdir -p "$dir/run"
    umask 077
    cd /
fi
case $command${args:+ NAME} in
    "" | start) start ;;
    status) status ;;
    stop) stop_all ;;
    "start NAME") start_one "${args[0]}" ;;
    "stop NAME") stop_one "${args[0]}" ;;
    "kill NAME") send KILL "${args[0]}" ;;
    "pause NAME") send STOP "${args[0]}" ;;
    "resume NAME") send CONT "${args[0]}" ;;
    "log NAME") cat "$dir/log/$(inside "${args[0]}")" ;;
    promote) promote ;;
    "admin NAME")
        [[ ${args[0]} == [123] ]] || fail "there is no node ${args[0]}; it is 1, 2 or 3"
        exec "$program" admin --socket "$dir/node${args[0]}.admin" "${args[@]:1}"
        ;;
    psql*)
        PGPASSWORD=$(cat "$dir/password") exec "$pg_bin/psql" -h "$address" -p "$(pg_port "$(primary)")" -U postgres \
            -d parlor "${args[@]}"
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
