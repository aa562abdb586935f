#!/usr/bin/env bash
# Checks everything with the oldest Rust that Cargo.toml promises (rust-version).
#
# usage: scripts/msrv.sh [--install]
#
# Where rustup does not have that toolchain the script says so and checks nothing; with --install it installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

install=false
case "${1-}" in
    "") ;;
    --install) install=true ;;
    *)
        printf 'usage: %s [--install]\n' "$0" >&2
        exit 2
        ;;
esac

# The version that a manifest names itself.
rust_version() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1"
}

# What rustup calls the toolchain of that version: 1.88 may be there as 1.88-HOST or as 1.88.0-HOST.
installed() {
    command -v rustup >/dev/null || return 0
    rustup toolchain list |
        awk -v "v=$1" 'index($1, v "-") == 1 || index($1, v ".") == 1 { found = $1 } END { print found }'
}

version=$(rust_version Cargo.toml)
[[ -n $version ]] || {
    printf 'Cargo.toml names no rust-version\n' >&2
    exit 1
}
# The fuzz targets are another workspace and cannot take it over.
[[ $(rust_version fuzz/Cargo.toml) == "$version" ]] || {
    printf 'fuzz/Cargo.toml must name rust-version %s, as Cargo.toml does\n' "$version" >&2
    exit 1
}

if $install; then
    rustup toolchain install "$version" --profile minimal --no-self-update
fi
toolchain=$(installed "$version")
if [[ -z $toolchain ]]; then
    printf 'skipped: rustup has no toolchain of Rust %s (%s --install)\n' "$version" "$0"
    exit
fi
printf 'Rust %s\n' "$toolchain"
rustup run "$toolchain" cargo check --locked --workspace --all-targets
