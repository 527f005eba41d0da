#!/usr/bin/env bash
# Prepares this machine and the checkout; `make setup` calls it.
#
#   scripts/setup.sh packages   install the Debian packages that are missing (as root), or say which they are
#   scripts/setup.sh venv DIR   make the virtual environment DIR and install everything that constraints.txt pins
#
# PYTHON chooses the interpreter; otherwise it is the newest of 3.13, 3.12 and 3.11 that works.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# One program of each package that the practice lab and the tests with real parts start.
readonly PROGRAMS=(
    debugfs:e2fsprogs losetup:mount ssh-keygen:openssh-client sshd:openssh-server openssl:openssl perl:perl-base
    fuser:psmisc sudo:sudo unshare:util-linux mkfs.xfs:xfsprogs
    apt-get:apt dpkg-deb:dpkg /lib/systemd/systemd:systemd
    /usr/lib/wine/wine64:wine64 x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64
)

# Debian asks this program, if there is one, whether a package may start its service.
readonly SERVICE_POLICY=/usr/sbin/policy-rc.d

say() { printf 'setup: %s\n' "$*" >&2; }

usable() { # whether the interpreter runs, is new enough and is complete (a pyenv shim may exist and not run)
    "$1" -c 'import ctypes, sqlite3, ssl, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

missing_python() {
    local python
    if ! python="$(find_python)"; then
        echo python3 python3-venv
    elif ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
}

missing_packages() {
    local pair
    missing_python
    for pair in "${PROGRAMS[@]}"; do
        command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
    done
}

forbid_services() { # a package's service must not start here only because a test wants its program
    if [[ ! -e $SERVICE_POLICY ]]; then
        trap 'rm -f "$SERVICE_POLICY"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$SERVICE_POLICY"
        chmod 755 "$SERVICE_POLICY"
    fi
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages | tr ' ' '\n')
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        say "not installed, and only root on Debian can do it from here: ${missing[*]}"
        say "going on; the demo and the tests with real parts need them"
        return 0
    fi
    say "installing ${missing[*]}"
    forbid_services
    if ! { apt_get update && apt_get install --yes --no-install-recommends "${missing[@]}"; }; then
        say "apt-get failed; going on without ${missing[*]}"
    fi
}

make_venv() {
    local venv="$1" python
    if ! python="$(find_python)"; then
        say "no complete Python of 3.11 or newer was found; name one: make setup PYTHON=/path/to/python3"
        return 1
    fi
    if ! usable "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "making $venv with $("$python" --version)"
        "$python" -m venv --clear "$venv"
    fi
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-60}"
    say "installing what constraints.txt pins"
    "$venv/bin/python" -m pip install -qq --require-hashes -r constraints.txt
    # The build backend is among the pinned, so this fetches nothing.
    "$venv/bin/python" -m pip install -qq --no-index --no-deps --no-build-isolation --editable .
    say "done; next: . $venv/bin/activate && vmfix --help"
    say "or, as root on Debian: make demo (practice machines are broken and mended); make help lists the rest"
}

case "${1:-}" in
    packages) install_packages ;;
    venv) make_venv "${2:?which folder}" ;;
    *)
        say "usage: scripts/setup.sh packages | venv DIR"
        exit 2
        ;;
esac
