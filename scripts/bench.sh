#!/usr/bin/env bash
# Measures parlor beside a baseline relay, in turns, and prints the medians and what is reached.
#
#   scripts/bench.sh            everything, five runs, some 12 minutes on an otherwise idle machine
#   scripts/bench.sh --quick    a look: one run, short, under two minutes
#   scripts/bench.sh --docs     everything, and docs/benchmarks.md, .tsv and .svg are written anew
#   scripts/bench.sh --cluster  three nodes on one PostgreSQL beside the log alone, some four minutes; with --quick, one
#
# RUNS=n changes the number of runs, SECONDS_EACH=n the length of each measurement, PARLOR=path measures
# another program than the one built here.
# The server is pinned to one processor and the load generator to another. Needs Linux, taskset and cargo.
# Ports are chosen by the system; each server is ended by the generator that started it. PostgreSQL is one of our own, with
# fsync, in a temporary directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

quick=no docs=no cluster=no
for arg in "$@"; do
    case $arg in
        --quick) quick=yes ;;
        --docs) docs=yes ;;
        --cluster) cluster=yes ;;
        *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '/^set /d'; exit 2 ;;
    esac
done
for tool in cargo taskset nproc timeout; do
    command -v "$tool" > /dev/null || { echo "bench.sh needs $tool (Debian: apt install util-linux coreutils)" >&2; exit 1; }
done
processors=$(nproc)
if [ "$processors" -lt 2 ]; then
    echo "bench.sh needs two processors, one for the server and one for the load" >&2
    exit 1
fi
open_files=$(ulimit -Hn)
if [ "$open_files" != unlimited ] && [ "$open_files" -lt 10100 ]; then
    echo "bench.sh needs 10,100 open files; the limit here is $open_files (ulimit -Hn)" >&2
    exit 1
fi

if [ $quick = yes ]; then runs=${RUNS:-1} seconds=${SECONDS_EACH:-1}; else runs=${RUNS:-5} seconds=${SECONDS_EACH:-2}; fi
# A database has its own hiccups, which a longer look evens out.
if [ $cluster = yes ] && [ $quick = no ]; then runs=${RUNS:-3} seconds=${SECONDS_EACH:-5}; fi
server_cpu=0
load_cpu=1
# Two server threads take both processors; the load of that case has next to nothing to do meanwhile.
two_cpus=0,1
if [ "$processors" -gt 2 ]; then two_load_cpu=2; else two_load_cpu=1; fi

if [ $cluster = yes ]; then
    look_for_postgres
    settle_missing false
    find_pg_user
fi
cargo build --release --quiet
cargo build --release --quiet -p parlor-bench
bin=${CARGO_TARGET_DIR:-target}/release
parlor_program=${PARLOR:-$bin/parlor}
results=${CARGO_TARGET_DIR:-target}/bench/results.tsv
mkdir -p "$(dirname "$results")"
: > "$results"

folder=$(mktemp -d)
data=$folder/chat.db
trap 'stop_postgres; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
baseline=("$bin/baseline" 127.0.0.1:0)
unlimited=(--rate 0 --max-per-address 0 --max-connections 0 --max-members 0 --log off)
parlor=("$parlor_program" --listen 127.0.0.1:0 "${unlimited[@]}")
by_tls=("$parlor_program" --listen tls+127.0.0.1:0 "${unlimited[@]}")

# play LOAD_CPU SERVER_CPUS CASE LABEL NAME DIALECT [OPTION...] -- COMMAND...
play() {
    local load_on=$1 server_on=$2 case=$3 label=$4 name=$5 dialect=$6
    shift 6
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    printf '  %-16s %s\n' "$label" "$name" >&2
    # The generator ends its server by itself after 90 s at the latest; timeout is for the generator.
    if ! timeout 100 taskset -c "$load_on" "$bin/load" "$case" --label "$label" --name "$name" \
        --speak "$dialect" --seconds "$seconds" "${options[@]}" \
        -- taskset -c "$server_on" "$@" > "$results.one"; then
        failed=$((failed + 1))
        return 0
    fi
    sed "s/^/$run\t/" "$results.one" >> "$results"
}

# both CASE LABEL [OPTION...]: the baseline, then parlor with one executor thread
both() {
    local case=$1 label=$2
    shift 2
    play $load_cpu $server_cpu "$case" "$label" baseline baseline "$@" -- "${baseline[@]}"
    play $load_cpu $server_cpu "$case" "$label" parlor parlor "$@" -- "${parlor[@]}" --threads 1
}

# with_data CASE LABEL [OPTION...]: parlor with a new file each time
with_data() {
    local case=$1 label=$2
    shift 2
    rm -f "$data"*
    play $load_cpu $server_cpu "$case" "$label" parlor parlor "$@" \
        -- "${parlor[@]}" --threads 1 --data "$data"
}

# ---- several nodes ----

pg_pid=
# Starts PostgreSQL, which takes anybody on this machine, at $pg_place.
start_postgres() {
    local port=$((20000 + RANDOM % 10000)) end=$((SECONDS + 30))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    chmod 711 "$folder"
    make_data "$folder/pg"
    (cd / && "${as_pg[@]}" "$pg_bin/initdb" -D "$folder/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8) >"$folder/initdb"
    (cd / && exec "${as_pg[@]}" "$pg_bin/postgres" -D "$folder/pg" -h 127.0.0.1 -p "$port" -k '' \
        -c fsync=on -c shared_buffers=256MB -c max_wal_size=4GB) 2>"$folder/pg.log" &
    pg_pid=$!
    until "$pg_bin/pg_isready" -q -U postgres -h 127.0.0.1 -p "$port"; do
        [ $SECONDS -lt $end ] || { tail -n 5 "$folder/pg.log" >&2; echo "PostgreSQL does not start" >&2; exit 1; }
        sleep 0.1
    done
    pg_place=127.0.0.1:$port
}

stop_postgres() {
    [ -n "$pg_pid" ] || return 0
    kill -INT "$pg_pid" 2>/dev/null || true
    wait "$pg_pid" || true
    pg_pid=
}

# An empty database of its own for the next case; its URL is $url.
databases=0
fresh_database() {
    databases=$((databases + 1))
    "$pg_bin/psql" -qXh 127.0.0.1 -p "${pg_place#*:}" -U postgres -d postgres -c "create database chat$databases"
    url=postgres://postgres@$pg_place/chat$databases
}

# raw LABEL [OPTION...]: the log alone
raw() {
    local label=$1
    shift
    printf '  %-16s %s\n' "$label" baseline >&2
    if ! timeout 100 "$bin/rawlog" "$pg_place" --label "$label" --seconds "$seconds" "$@" > "$results.one"; then
        failed=$((failed + 1))
        return 0
    fi
    sed "s/^/$run\t/" "$results.one" >> "$results"
}

# nodes LOAD_CPU SERVER_CPUS CASE LABEL [OPTION...]: parlor's, with a new database each time
nodes() {
    local load_on=$1 server_on=$2 case=$3 label=$4
    shift 4
    fresh_database
    play "$load_on" "$server_on" "$case" "$label" parlor parlor "$@" -- "${parlor[@]}" --data "$url"
}

cluster_run() {
    local rate
    for rate in 100 1000 10000; do
        raw "nodes-3x$rate" --rate $rate
        nodes 0,1 0,1 open "nodes-3x$rate" --nodes 3 --members 300 --rooms 100 --senders 3 --rate $rate
    done
    raw stream --rate 0
    nodes 0,1 0,1 closed stream --nodes 2 --apart --members 2 --senders 1 --window 2000
    # What it costs to tell a thousand members: without others, on the node where things are said, and on another.
    play $load_cpu $server_cpu closed closed-1000x16 parlor parlor --members 1000 --window 16 -- "${parlor[@]}" --threads 1
    nodes $load_cpu $server_cpu closed here-1000x16 --members 1000 --window 16
    nodes $load_cpu $server_cpu closed there-1000x16 --nodes 2 --apart --members 1000 --window 16
}

one_run() {
    for members in 100 1000; do
        for window in 16 64; do
            both closed "closed-${members}x$window" --members $members --window $window
        done
    done
    both open open-1000x50 --members 1000 --rate 50
    both closed rooms-1000x10 --members 10000 --rooms 1000 --senders 1 --window 4
    both crowd crowd-10000 --members 10000 --rooms 100 --senders 1 --named
    both stalled stalled-1000 --members 1000 --rate 50 --window 64
    both startup startup
    for members in 100 1000; do
        play $load_cpu $server_cpu closed "char-${members}x16" parlor parlor-char \
            --members $members --window 16 -- "${parlor[@]}" --threads 1
    done
    for members in 100 1000; do
        play $load_cpu $server_cpu closed "tls-${members}x16" parlor parlor \
            --tls --members $members --window 16 -- "${by_tls[@]}" --threads 1
    done
    play $load_cpu $server_cpu crowd crowd-1000 parlor parlor \
        --members 1000 --rooms 10 --senders 1 --named -- "${parlor[@]}" --threads 1
    play $load_cpu $server_cpu crowd tls-crowd-1000 parlor parlor \
        --tls --members 1000 --rooms 10 --senders 1 --named -- "${by_tls[@]}" --threads 1
    play $load_cpu $server_cpu crowd tls-crowd-10000 parlor parlor \
        --tls --members 10000 --rooms 100 --senders 1 --named -- "${by_tls[@]}" --threads 1
    for mixed in "" --mixed; do
        label=${mixed:-closed}
        play $load_cpu $server_cpu closed "${label#--}-2000x16" parlor parlor \
            --members 2000 --window 16 $mixed -- "${parlor[@]}" --threads 1
    done
    for members in 100 1000; do
        with_data closed "data-${members}x16" --members $members --window 16
    done
    with_data open data-open-1000x50 --members 1000 --rate 50
    for threads in 1 2; do
        play $two_load_cpu $two_cpus burst "threads-$threads" parlor parlor \
            --members 1000 --window 16 -- "${parlor[@]}" --threads $threads
    done
}

failed=0
begun=$(date +%s)
load_before=$(cut -d' ' -f1 /proc/loadavg)
if awk -v "load=$load_before" 'BEGIN { exit !(load > 0.5) }'; then
    echo "The machine is busy (load average $load_before): latencies and figures per second mean little now;" >&2
    echo "those per processor second are disturbed less." >&2
fi
for run in $(seq "$runs"); do
    echo "run $run of $runs" >&2
    if [ $cluster = yes ]; then
        start_postgres
        cluster_run
        stop_postgres
    else
        one_run
    fi
done
rm -f "$results.one"

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
about="$(date -u +%Y-%m-%d), $model, $processors processors, Linux $(uname -r), $(rustc --version | cut -d' ' -f1-2), \
medians of $runs runs of $seconds s, $(($(date +%s) - begun)) s in all, load average $load_before before."
report=("$bin/report" "$results" --about "$about")
if [ $cluster = yes ]; then
    report+=(--cluster)
elif [ $docs = yes ]; then
    cp "$results" docs/benchmarks.tsv
    report+=(--plot docs/benchmarks.svg --into docs/benchmarks.md)
else
    report+=(--plot "${results%.tsv}.svg")
fi
"${report[@]}"
echo "all figures: $results" >&2
if [ $failed -gt 0 ]; then
    echo "$failed cases failed, see above" >&2
    exit 1
fi
