#!/bin/sh
# Job 2, as often as you like: run every plan that is signed as the policy asks, if its window is open; else leave it.
#
#     sh job-run.sh [PLAYBOOK FILE...]
#
# VMFIX_INVENTORY and VMFIX_POLICY name inventory and policy; VMFIX_STATE a folder that is kept between the jobs: it
# holds the journal, which knows the plans that are spent. CHANGES is the folder of changes (default: changes).
set -eu
worst=0
for plan in "${CHANGES:-changes}"/*/plan.json; do
    folder=${plan%/plan.json}
    [ -e "$plan" ] && [ ! -e "$folder/outcome.json" ] || continue
    code=0
    ${VMFIX:-vmfix} run "$@" --plan "$plan" --json --junit "$folder/junit.xml" --markdown "$folder/summary.md" \
        </dev/null >"$folder/outcome.part" 2>"$folder/run.log" || code=$?
    if [ "$code" = 4 ]; then # not signed, too early, expired, spent, or stale: nothing was changed
        echo "$plan: not run: $(grep '^error:' "$folder/run.log" || echo 'see run.log')"
        rm -f "$folder/outcome.part" "$folder/junit.xml" "$folder/summary.md"
        continue
    fi
    mv "$folder/outcome.part" "$folder/outcome.json"
    echo "$plan: exit code $code"
    [ "$code" = 0 ] || worst=$code
done
exit "$worst"
