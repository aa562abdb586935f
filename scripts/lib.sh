# shellcheck shell=bash
# What several scripts do: say in words what this machine lacks, and install it on Debian; run PostgreSQL. To be sourced.

# To cargo test: parlor is optimised, and all else is as it was built. Overflows and assertions are found as without, and the
# simulation is ten times as fast; two minutes to build.
# shellcheck disable=SC2034
OPTIMISED=(--config profile.dev.package.parlor.opt-level=2)

# What is missing: a name, and the command that brings it.
names=()
commands=()

missing() {
    names+=("$1")
    commands+=("$2")
}

has() {
    command -v "$1" >/dev/null 2>&1
}

missing_cargo() {
    has curl || missing curl "apt-get install -y curl ca-certificates"
    missing "cargo, clippy and rustfmt" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c rustfmt -c clippy"
}

# Runs the commands of all that is missing.
install_missing() {
    if [[ ${commands[*]} == *apt-get* ]]; then
        if ((EUID != 0)); then
            printf -- '--install calls apt-get, which needs root\n' >&2
            exit 1
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get update
    fi
    local command
    for command in "${commands[@]}"; do
        printf '==> %s\n' "$command"
        bash -o pipefail -c "$command"
    done
    # A toolchain that was installed just now is not in this shell's path yet.
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
}

# settle_missing INSTALL: if anything is missing, names it with the command that brings it, and ends; if INSTALL is
# true, runs those commands.
settle_missing() {
    ((${#names[@]} > 0)) || return 0
    local i
    for i in "${!names[@]}"; do
        printf 'missing: %s\n    %s\n' "${names[i]}" "${commands[i]}" >&2
    done
    if [[ $1 != true ]]; then
        printf 'Install them as shown, or run %s --install as root.\n' "$0" >&2
        exit 1
    fi
    install_missing
}

# ---- PostgreSQL ----

# Where its programs are (pg_bin), if they are anywhere.
look_for_postgres() {
    pg_bin=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) || pg_bin=$(command -v initdb) || true
    pg_bin=${pg_bin%/initdb}
    [[ -n $pg_bin ]] || missing PostgreSQL "apt-get install -y postgresql-15"
}

# Who PostgreSQL runs as, and what goes before its command; nobody in particular if this is an ordinary user.
find_pg_user() {
    pg_user='' as_pg=()
    ((UID == 0)) || return 0
    for pg_user in postgres nobody; do
        id -u "$pg_user" >/dev/null 2>&1 || continue
        # shellcheck disable=SC2034 # Those who source this use it.
        as_pg=(setpriv --reuid "$pg_user" --regid "$(id -g "$pg_user")" --clear-groups)
        return
    done
    printf '%s: PostgreSQL does not run as root, and there is neither a user postgres nor nobody\n' "$0" >&2
    exit 1
}

# make_data DIRECTORY [FILE]: an empty directory for PostgreSQL's user, who gets the file, too.
make_data() {
    rm -rf "$1"
    mkdir "$1"
    chmod 700 "$1"
    [[ -z $pg_user ]] || chown "$pg_user:" "$@"
}
