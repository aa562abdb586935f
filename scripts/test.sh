#!/usr/bin/env bash
# Everything that has to pass: format, lints, documentation, all tests, the smoke test.
#
# usage: scripts/test.sh [--install]
#
# What this machine lacks is named with the command that installs it, and the script ends with code 1;
# with --install (as root, on Debian) it runs those commands and goes on. cargo-deny, which takes minutes to
# build, and the oldest Rust supported are used where they are installed and otherwise said to be skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# Programs that the tests call, clients most of them, and libraries, with the Debian packages they come in, and what
# apt-get is to do about them.
CLIENTS=(
    "setpriv util-linux"
    "nc.openbsd netcat-openbsd"
    "nc.traditional netcat-traditional"
    "ncat ncat"
    "busybox busybox"
    "socat socat"
    "inetutils-telnet inetutils-telnet"
    "telnet-ssl telnet-ssl"
    "plink putty-tools"
    "tt++ tintin++"
    "expect expect"
    "systemd-analyze systemd"
    "openssl openssl"
    "gnutls-cli gnutls-bin"
    "haproxy haproxy"
    "shellinaboxd shellinabox"
    "ssh openssh-client"
    "sshd openssh-server"
    "/usr/lib/*/libnss_wrapper.so libnss-wrapper"
    "fail2ban-regex fail2ban"
    "apparmor_parser apparmor"
    "/usr/lib/postgresql/*/bin/postgres postgresql"
    # Its server, which Debian starts where there is a systemd, is not needed.
    "promtool --no-install-recommends prometheus"
)

install=false
case "${1-}" in
    "") ;;
    --install) install=true ;;
    *)
        printf 'usage: %s [--install]\n' "$0" >&2
        exit 2
        ;;
esac

# Names what is missing of the Rust toolchain.
look_for_rust() {
    has make || missing "make, which builds the allocator" "apt-get install -y make"
    has cc || missing "cc, the linker that Rust calls" "apt-get install -y gcc libc6-dev"
    if ! has cargo; then
        missing_cargo
        return
    fi
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        local package=${component/fmt/rustfmt}
        if has rustup; then
            missing "cargo $component" "rustup component add $package"
        else
            missing "cargo $component" "apt-get install -y ${package/clippy/rust-clippy}"
        fi
    done
}

look_for_clients() {
    local entry what
    for entry in "${CLIENTS[@]}"; do
        what=${entry%% *}
        # A library, wherever the machine keeps it.
        if [[ $what == /* ]] && compgen -G "$what" >/dev/null; then
            continue
        fi
        has "$what" || missing "$what" "apt-get install -y ${entry#* }"
    done
}

step() {
    printf '==> %s\n' "$*"
    "$@"
}

# The fuzz targets are a workspace of their own. Without libFuzzer they can be linted, not run, and take no C++
# compiler, which nothing else here needs.
lint_fuzz_targets() {
    local manifest=fuzz/Cargo.toml
    step cargo fmt --manifest-path "$manifest" --check
    step cargo clippy --manifest-path "$manifest" --locked --all-targets --no-default-features \
        --target-dir "${CARGO_TARGET_DIR:-target}" -- -D warnings
}

# Licences, bans and sources of what parlor is built from (deny.toml). The advisories need the network.
check_dependencies() {
    if has cargo-deny; then
        step cargo deny --locked --workspace check bans licenses sources
    else
        printf '==> skipped: cargo deny (cargo install --locked cargo-deny)\n'
    fi
}

# Root's search path, and a user's, may lack what the packages and rustup install.
export PATH="$PATH:/usr/sbin:/sbin:/usr/games:${CARGO_HOME:-$HOME/.cargo}/bin"
look_for_rust
look_for_clients
settle_missing "$install"

step cargo fmt --all --check
step cargo clippy --locked --workspace --all-targets -- -D warnings
lint_fuzz_targets
check_dependencies
step scripts/msrv.sh
RUSTDOCFLAGS="-D warnings" step cargo doc --locked --workspace --no-deps --document-private-items
# Most tests wait for something most of the time.
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(nproc) + 1))} step cargo test --locked --workspace
# Those from 0 on have run just now.
PARLOR_SIM_FIRST=1000 PARLOR_SIM_SEEDS=10000 step cargo test --locked "${OPTIMISED[@]}" --test sim every_promise
# The tests have built it.
PARLOR=${CARGO_TARGET_DIR:-target}/debug/parlor step scripts/smoke.sh
printf 'all passed\n'
