#!/usr/bin/env bash
# Makes a database with 10 million lines (some 2 GB, a few minutes) and prints what it costs to use it.
#
# usage: scripts/big-file.sh FILE [LINES]; a file that exists is only measured.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# < 1 || $# > 2)); then
    printf 'usage: %s FILE [LINES]\n' "$0" >&2
    exit 2
fi
# Made first and measured by a process of its own, whose memory tells what a server would need.
[[ -e $1 ]] || cargo run --quiet --release --locked --example big_file -- "$@"
exec cargo run --quiet --release --locked --example big_file -- "$@"
