#!/bin/sh
# The two jobs as a CI system calls them, with a person between who signs; on this machine, with keys of its own.
set -eu
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CHANGES="$work/changes" VMFIX_STATE="$work/state" VMFIX_POLICY="$work/policy.yml"
export VMFIX_INVENTORY="$here/../01-first-playbook/inventory.yml"
playbook=$here/../01-first-playbook/window-file-stale.yml

# Once: who may approve, and what that takes.
ssh-keygen -q -t ed25519 -N '' -C ann -f "$work/ann"
echo "ann@example.com $(cut -d' ' -f1,2 "$work/ann.pub")" >"$work/allowed_signers"
cp policy.yml "$VMFIX_POLICY"

echo "--- job 1 plans"
CHANGE=CHG-1234 sh job-plan.sh "$playbook" -e dir="$work"

echo "--- job 2 comes too early: nobody has signed"
sh job-run.sh "$playbook"
[ ! -e "$work/window" ]

echo "--- Ann reads the plan and signs it, wherever she is"
${VMFIX:-vmfix} approve "$CHANGES/CHG-1234/plan.json" --key "$work/ann" </dev/null >/dev/null

echo "--- job 2 runs it"
sh job-run.sh "$playbook"
[ "$(cat "$work/window")" = 02:00-04:00 ]
grep '"signed": true' "$CHANGES/CHG-1234/outcome.json"

echo "--- and only once"
rm "$CHANGES/CHG-1234/outcome.json"
sh job-run.sh "$playbook"
[ ! -e "$CHANGES/CHG-1234/outcome.json" ]
