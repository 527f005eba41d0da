#!/bin/sh
# Secrets by reference, on a real target: an account whose sudo wants a password. Needs root, as the lab does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
lab() { (cd "$top" && ${PYTHON:-python3} -m examples.lab "$@"); }
trap 'lab down "$work/lab"; rm -rf "$work"' EXIT
export VMFIX_STATE="$work/state"

vmfix() {
    printf '\n$ vmfix'
    printf ' %s' "$@"
    printf '\n'
    ${VMFIX:-command vmfix} "$@"
}

lab up "$work/lab" web-01=ext4-dirty
# The lab makes a password for its user sudopw. Here it goes into a file that nobody else can read.
(umask 077 && sed -n 's/^ "password": "\(.*\)",$/\1/p' "$work/lab/lab.json" >"$work/secret")
[ -s "$work/secret" ]

# The lab's inventory, with another user and a reference.
sed -e 's/user: azureuser/user: sudopw/' -e "s|sudo: true|sudo: true, sudo_password: {file: $work/secret}|" \
    "$work/lab/inventory.yml" >"$work/inventory.yml"
grep sudo_password "$work/inventory.yml"

vmfix ping -i "$work/inventory.yml"
vmfix plan UserErrorFsFreezeFailed -i "$work/inventory.yml" -o "$work/plan.json" >"$work/plan.txt"
vmfix run --plan "$work/plan.json" -i "$work/inventory.yml" --approve repair -vv >"$work/run.txt" 2>"$work/log.txt"
grep 'fixed' "$work/run.txt"

# Plan, report, the most talkative log and the journal know the reference, and never the secret.
printf '\nIs the password in anything that vmfix wrote?\n'
if grep -r -F -l -f "$work/secret" "$work/plan.json" "$work/plan.txt" "$work/run.txt" "$work/log.txt" "$VMFIX_STATE"; then
    exit 1
fi
echo no

# A secret that is missing is named by its reference, before anything is sent.
sed -i "s|{file: [^}]*}|{env: NO_SUCH_SECRET}|" "$work/inventory.yml"
if vmfix ping -i "$work/inventory.yml"; then exit 1; fi
