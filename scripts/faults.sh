#!/usr/bin/env bash
# Plays the fault tests of several servers for long: the database is killed 100 times under load, and so on.
#
# usage: scripts/faults.sh [--short] [TEST...]
#
# The same tests run in `cargo test`, where each does it a few times. Here they are optimised, run one after the other, and
# say what they have counted; all of it takes some 20 minutes, --short (a tenth) three. TEST is a part of a test's name; each
# number below can be set in the environment. A PostgreSQL of our own is started for each; PostgreSQL and HAProxy have to be
# installed (scripts/test.sh names what is missing).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

divisor=1
case "${1-}" in
    --short) divisor=10 && shift ;;
    -*)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '$d'
        exit 2
        ;;
esac
look_for_postgres
has cargo || missing_cargo
settle_missing false

# many VARIABLE COUNT
many() {
    local count=$(($2 / divisor))
    export "$1=${!1:-$((count > 1 ? count : 1))}"
    printf '  %s=%s\n' "$1" "${!1}"
}
many FAULTS_DATABASE_KILLS 100 # kill -9 of the database under load
many FAULTS_AWAY_SECONDS 30    # the database is away
many FAULTS_CUT_SECONDS 60     # the network between a node and the database is cut
many FAULTS_FAILOVERS 10       # the primary is killed, and a standby that lags is promoted
many FAULTS_NODE_STOPS 10      # a node stands still for four leases
many FAULTS_NODE_KILLS 20      # kill -9 of a node
many FAULTS_MUTES 50           # a mute on one node against a thousand lines on another
many FAULTS_NAMES 500          # a name is taken on three nodes at once
many FAULTS_JOINS 200          # somebody joins while others talk

exec cargo test "${OPTIMISED[@]}" --quiet --locked --test it cluster:: -- --test-threads 1 --nocapture "$@"
