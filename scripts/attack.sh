#!/usr/bin/env bash
# Plays the kept attacks and prints a table: what a bystander waits for meanwhile, and what became of the server.
#
# usage: scripts/attack.sh [--short] [OPTION...] [ATTACK...]
#        scripts/attack.sh --server ADDRESS:PORT [--pid PID] [--own] [OPTION...] [ATTACK...]
#
# Without --server the program is built, and started on a free port with its default limits for each attack,
# with a file of its own in a temporary folder where the attack needs one. All of it takes some eight minutes;
# --short, one.
# With --server a server that runs is attacked. Only ever attack your own: it is slowed down and filled. One that
# is not on this machine is attacked if you say that it is yours, with --own.
# Attackers come from 127.0.0.1 and others, the bystander from 127.0.0.2. --help tells the options and the attacks.
set -euo pipefail
cd "$(dirname "$0")/.."

is_running=no
for arg in "$@"; do
    case $arg in --server | --server=* | --program | --program=*) is_running=yes ;; esac
done
if [ $is_running = no ]; then
    cargo build --release --quiet
    load=$(cut -d' ' -f1 /proc/loadavg)
    if awk -v "load=$load" 'BEGIN { exit !(load > 1) }'; then
        echo "The machine is busy (load average $load): latencies mean little now." >&2
    fi
fi
cargo build --release --quiet -p parlor-bench
exec "${CARGO_TARGET_DIR:-target}/release/attack" "$@"
