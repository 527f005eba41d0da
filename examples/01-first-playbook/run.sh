#!/bin/sh
# A playbook of your own, on this machine, without root. VMFIX says how vmfix is called.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VMFIX_STATE="$work/state" # a journal for this example alone

vmfix() {
    printf '\n$ vmfix'
    printf ' %s' "$@"
    printf '\n'
    ${VMFIX:-command vmfix} "$@"
}

vmfix check window-file-stale.yml inventory.yml
vmfix plan window-file-stale.yml -i inventory.yml -e dir="$work"
vmfix run window-file-stale.yml -i inventory.yml -e dir="$work" --dry-run
[ ! -e "$work/window" ] # plan and dry-run have changed nothing

vmfix run window-file-stale.yml -i inventory.yml -e dir="$work" --approve announce
[ "$(cat "$work/window")" = 02:00-04:00 ]

vmfix run window-file-stale.yml -i inventory.yml -e dir="$work" --approve announce # once more: nothing to change
vmfix runs
