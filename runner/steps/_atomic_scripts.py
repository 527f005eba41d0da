"""The scripts that read and write whole files on a POSIX target. What an exit code means is said beside its name."""

from __future__ import annotations

NO_FILE = 3
TOO_LARGE = 5
UNLABELLED = 6  # written; its SELinux context could not be set
UNSYNCED = 7  # done; whether it is on the disk is unknown
CUT = 8  # the text did not arrive whole, or the backup is another file: nothing was done
CHANGED = 9  # somebody else changed the file: nothing was done

LINK = """\
[ -L "$1" ] || exit 3
exec readlink -n -- "$1"
"""

STAT = """\
export LC_ALL=C
stat -L -c '%F|%a|%U|%G|%h|%u|%g' -- "$1" || exit 1
stat -L -c %C -- "$1" 2>/dev/null || :  # no SELinux
"""

READ = """\
[ -e "$1" ] || [ -L "$1" ] || exit 3
[ -f "$1" ] || exit 4
[ "$(stat -L -c %s -- "$1")" -le "$2" ] || exit 5
exec cat -- "$1"
"""

HEAD = """\
set -eu
umask 077
path=$1 expected=$2 written=$3
digest() { sha256sum <"$1" | cut -c 1-64; }
unchanged() {
  if [ -e "$path" ] || [ -L "$path" ]; then now=$(digest "$path"); else now=absent; fi
  [ "$now" = "$expected" ] || exit 9
}
unchanged
directory=$(dirname -- "$path")
"""

WRITE = f"""\
{HEAD}\
backup=$4 mode=$5 owner=$6
if [ "$expected" = absent ]; then (umask 022; mkdir -p -- "$directory"); fi
temporary=$(mktemp -- "$directory/.vmfix.XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
if [ "$expected" != absent ]; then cp --attributes-only --preserve=all -- "$path" "$temporary"; fi
cat >"$temporary"
[ "$(digest "$temporary")" = "$written" ] || exit 8
if [ -n "$owner" ]; then chown -- "$owner" "$temporary"; fi
if [ -n "$mode" ]; then chmod -- "$mode" "$temporary"; fi
if [ -n "$backup" ] && [ ! -e "$backup" ]; then cp -a -- "$path" "$backup"; sync -- "$backup"; fi
sync -- "$temporary"
unchanged
mv -f -T -- "$temporary" "$path"
trap - EXIT
label=0
if [ "$expected" = absent ] && command -v restorecon >/dev/null; then restorecon -- "$path" || label=6; fi
sync -- "$directory" || exit 7
exit "$label"
"""

REMOVE = f"""\
{HEAD}\
backup=$4
if [ -n "$backup" ] && [ ! -e "$backup" ]; then cp -a -- "$path" "$backup"; sync -- "$backup"; fi
rm -f -- "$path"
sync -- "$directory" || exit 7
"""

RESTORE = f"""\
{HEAD}\
backup=$4
[ "$(digest "$backup")" = "$written" ] || exit 8
temporary=$(mktemp -- "$directory/.vmfix.XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
cp -a -- "$backup" "$temporary"
sync -- "$temporary"
mv -f -T -- "$temporary" "$path"
trap - EXIT
sync -- "$directory" || exit 7
"""

EXPAND = """\
IFS=
for file in $1; do
  if [ -e "$file" ] || [ "$2" = plain ]; then realpath -m -z -- "$file"; fi
done
"""
