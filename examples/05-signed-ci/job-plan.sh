#!/bin/sh
# Job 1: look, and keep the plan where it can be signed. Nothing is changed.
#
#     CHANGE=CHG-1234 sh job-plan.sh PLAYBOOK... [options of vmfix plan]
#
# VMFIX_INVENTORY names the inventory; CHANGES the folder of changes (default: changes).
set -eu
folder=${CHANGES:-changes}/${CHANGE:?name the change}
mkdir -p "$folder"
if [ -e "$folder/plan.json" ]; then
    echo "there is a plan for $CHANGE already: $folder/plan.json" >&2
    exit 2
fi
code=0
${VMFIX:-vmfix} plan "$@" --note "$CHANGE" --expires 72h -o "$folder/plan.json" </dev/null >"$folder/plan.txt" || code=$?
cat "$folder/plan.txt"
# 5: some target could not be planned; the others can be signed all the same, and the plan says which is which.
[ "$code" = 0 ] || [ "$code" = 5 ] || { rm -f "$folder/plan.json"; exit "$code"; }
