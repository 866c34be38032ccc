# Read by packaging/test-deb and packaging/test-service: checks that count themselves, and a Debian
# tree to try packages in.
#
# The tree is debootstrap's minbase of this machine's own release, from this machine's own mirror,
# with what the packages depend on. It is made once, and kept in .build/debootstrap; later runs need
# no network. Root: a package manager gives files to users, and the tree is a root folder.
# shellcheck shell=bash

debs=$PWD/.build/deb
cache=$PWD/.build/debootstrap
configuration=/etc/slipway/device.json
[ "$(id -u)" = 0 ] || { echo "$0 needs root, for a root folder of its own" >&2; exit 77; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
tree=$work/tree
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
checks=0 failures=0

# check SENTENCE COMMAND...: the command must succeed.
check() {
    checks=$((checks + 1))
    if "${@:2}" >"$work/said" 2>&1; then
        printf 'ok      %s\n' "$1"
    else
        failures=$((failures + 1))
        printf 'FAILED  %s\n' "$1"
        sed 's/^/        /' "$work/said"
    fi
}
not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { printf 'it is "%s", and should be "%s"\n' "$1" "$2"; return 1; }; }

# exits STATUS COMMAND...: the command must end with that status.
exits() {
    local status=0
    "${@:2}" || status=$?
    is "$status" "$1"
}

in_tree() {
    unshare --mount --pid --fork --kill-child --mount-proc="$tree/proc" chroot "$tree" \
        env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
        "$@"
}

package() { echo "$debs/$1"_*_"$(dpkg --print-architecture)".deb; }
field() { dpkg-deb -f "$(package "$1")" "$2"; }

## The tree

sources() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian'
}

# The folder of a tree with all that the packages depend on; made when there is none.
base_tree() {
    local depends key mirror suite
    depends=$(for name in slipway-agent slipway slipway-server; do field "$name" Depends; done |
        paste -sd,)
    key=$( (sources && echo "$depends") | sha256sum | cut -c1-16)
    base=$cache/$key
    [ ! -d "$base" ] || return 0
    echo "making a Debian tree in $base"
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mirror=$(sources | awk -v suite="$suite" '$2 == suite { print $1; exit }')
    [ -n "$mirror" ] || { echo "apt has no source of Debian's $suite" >&2; exit 69; }
    eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
    debootstrap --variant=minbase "$suite" "$tree" "$mirror" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log" >&2; exit 69; }
    sources | sed 's/^/deb /' >"$tree/etc/apt/sources.list"
    { in_tree apt-get update -q && in_tree apt-get satisfy -qy --no-install-recommends "$depends" &&
        in_tree apt-get clean; } >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 69; }
    find "$cache" -mindepth 1 -maxdepth 1 ! -name 'run.*' -exec rm -rf {} +
    mv "$tree" "$base"
}

# next VERSION: puts the agent's package as VERSION, with another example, at /root/next.deb.
next() {
    rm -rf "$work/next"
    dpkg-deb -R "$(package slipway-agent)" "$work/next"
    sed -i "s/^Version: .*/Version: $1/" "$work/next/DEBIAN/control"
    sed -i "s/gw-0001/example-of-${1//+/-}/" "$work/next$configuration"
    dpkg-deb --build --root-owner-group -Znone "$work/next" "$tree/root/next.deb" >/dev/null
}

# finish EXPECTED: ends the script; a run that made fewer checks has left some out.
finish() {
    echo "$checks checks, $failures failed"
    [ "$checks" = "$1" ] || { echo "a whole run makes $1 checks" >&2; exit 1; }
    [ "$failures" = 0 ] || exit 1
}
