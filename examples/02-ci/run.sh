#!/bin/sh
# What a CI job does: look, keep the plan as a paper, have it approved, run exactly that, and publish the outcome.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
papers=${PAPERS:-$work/papers} # what the job publishes
mkdir -p "$papers"
export VMFIX_STATE="$work/state"
playbook=../01-first-playbook/window-file-stale.yml
inventory=../01-first-playbook/inventory.yml

vmfix() {
    printf '\n$ vmfix'
    printf ' %s' "$@"
    printf '\n'
    ${VMFIX:-command vmfix} "$@" </dev/null
}

# Stage 1: the plan. Nothing is changed; --expect refuses a surprising number of targets.
vmfix plan "$playbook" -i "$inventory" --expect 1 -e dir="$work" --note "CHG-1234" -o "$papers/plan.json"

# Without consent nothing runs: exit code 4.
code=0
vmfix run "$playbook" --plan "$papers/plan.json" -i "$inventory" || code=$?
[ "$code" = 4 ]
[ ! -e "$work/window" ]

# Stage 2, after somebody has read the plan: that plan and nothing else.
vmfix run "$playbook" --plan "$papers/plan.json" -i "$inventory" --approve window-file-stale/announce \
    --junit "$papers/junit.xml" --markdown "$papers/summary.md" --json >"$papers/outcome.json"
[ "$(cat "$work/window")" = 02:00-04:00 ]

# The exit code says it, and so do the papers.
grep '"exit_code": 0' "$papers/outcome.json"
grep '"status": "fixed"' "$papers/outcome.json"
grep '<testsuite ' "$papers/junit.xml"

# A plan is for one occasion. Done is done: planned again, there is nothing to change.
vmfix plan "$playbook" -i "$inventory" -e dir="$work"
