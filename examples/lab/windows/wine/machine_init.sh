# The first process of a Windows target, run by "unshare" in mount, UTS and PID namespaces of its own:
#
#     sh machine_init.sh vmfix-lab-wine STATE_DIR HOST_NAME UID WINE_DIR BOOT_SECONDS
#
# It puts the prefix where an unprivileged user can reach it whatever the modes above STATE_DIR, says "ready" when
# Windows is up, and starts it anew whenever a program of the target asks for that. Every process of the target dies
# with it.
set -eu
# Below, everything that can be seen is killed: only the first process of a name space sees nothing but its own.
[ "$$" = 1 ] || { echo "not in a PID name space of its own" >&2; exit 1; }
state=$2
name=$3
uid=$4
wine=$5
boot_seconds=$6 # a reboot takes so much longer

hostname "$name"
cd "$state"
mount -t tmpfs -o mode=0755 lab /mnt
mkdir /mnt/c
mount --bind prefix /mnt/c
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t proc proc /proc
cd /mnt/c

as_user() {
  setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs \
    env -i PATH=/usr/bin:/bin HOME=/mnt/c USER=azureuser WINEPREFIX=/mnt/c WINEARCH=win64 WINEDEBUG=-all LC_ALL=C.UTF-8 \
    "$@"
}

first=true
while :; do
  "$first" || sleep "$boot_seconds"
  date +%s%3N >>drive_c/lab/boots
  rm -f drive_c/lab/up drive_c/lab/power
  mkfifo -m 0666 drive_c/lab/power
  as_user "$wine/wineserver64" -p </dev/null >/dev/null # returns when it is ready
  as_user "$wine/wine64" 'C:\windows\system32\labboot.exe' </dev/null >/dev/null || { echo "labboot ended with $?" >&2; exit 1; }
  touch drive_c/lab/up
  if "$first"; then
    echo ready
    exec </dev/null >/dev/null 2>&1
    first=false
  fi
  # Whoever opens the pipe pulls the plug. Until then, "wait" is where dash collects orphans.
  (read -r _ <drive_c/lab/power || :) &
  wait "$!"
  rm -f drive_c/lab/up
  as_user "$wine/wineserver64" -k15 || : # it writes the registry to the disk, and ends
  as_user timeout 10 "$wine/wineserver64" -w || :
  kill -9 -1 || :
  wait
done
