# Shared by the scripts in tools/: where things are, what may be installed, one line per thing that is missing.
# Sourced, never run. Sets: root, target, strict (1 under CI=true: what is missing is then a failure).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cache=$root/.cache
strict=0
[ "${CI:-}" = true ] && strict=1

say() { printf '%s\n' "$*" >&2; }

# Path of the first of the named programs that is here, in PATH or in the system directories; empty when none is.
program() {
    local name dir
    for name in "$@"; do
        if command -v "$name" 2>/dev/null; then return 0; fi
        for dir in /usr/sbin /usr/local/sbin /sbin; do
            if [ -x "$dir/$name" ]; then echo "$dir/$name"; return 0; fi
        done
    done
    return 1
}

# Directory of the newest PostgreSQL server programs that is here; empty when none is.
postgres_bin() {
    local dir
    for dir in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
        if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then echo "$dir"; return 0; fi
    done
    # Without such a directory: whatever PATH holds, followed to where its siblings are.
    if command -v initdb >/dev/null 2>&1; then
        dir=$(dirname "$(readlink -f "$(command -v initdb)")")
        if [ -x "$dir/postgres" ]; then echo "$dir"; return 0; fi
    fi
    return 1
}

# Installs Debian packages without starting their services. Fails when that is not allowed here.
install_packages() {
    local as_root=() policy=/usr/sbin/policy-rc.d made_policy=0 result=0
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    # A service that the package would start could take the ports 1883 and 5432 from somebody.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null && "${as_root[@]}" chmod +x "$policy" && made_policy=1
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
    "${apt[@]}" install -y --no-install-recommends "$@" >"$work/apt.log" 2>&1 || {
        "${apt[@]}" update >"$work/apt.log" 2>&1 && "${apt[@]}" install -y --no-install-recommends "$@" >>"$work/apt.log" 2>&1
    } || result=1
    [ "$made_policy" = 1 ] && "${as_root[@]}" rm -f "$policy"
    [ "$result" = 0 ] || tail -n 3 "$work/apt.log" >&2
    return "$result"
}
