# The first process of a target, run by "unshare" in mount, UTS and PID namespaces of its own:
#
#     sh target_init.sh vmfix-lab-init STATE_DIR HOST_NAME [systemd]
#
# It gives the target a root of its own: an overlay whose lower layer is this machine's root (read only)
# and whose upper layer is a tmpfs, so nothing that happens on a target can reach a file of this machine.
# Then it says "ready" and only reaps orphans: every process of the target dies with it. With a fourth argument it
# becomes systemd instead.
#
# Until the root is proved to be that overlay, nothing is written outside of STATE_DIR, and nobody is told "ready",
# so nobody enters. In a chroot, for one, "/" could still be a directory of this machine.
set -eu
state=$2
name=$3

hostname "$name"
cd "$state"
mount -t tmpfs -o mode=0755 lab root
cd root
mkdir upper work merged
# Relative names, for a path with a comma or a colon would be cut in mount's options.
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work merged

# The command log is the one thing that must outlive the target. An overlay rather than a bind mount:
# a bind mount would show up on the target as one more mounted ext4.
mkdir -p merged/lab
cd "$state/log"
case $(stat -f -c %T .) in
  overlay*) mount --bind upper "$state/root/merged/lab" ;;
  *) mkdir -p lower
     mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work "$state/root/merged/lab" ;;
esac

cd "$state/root/merged"
overlay=$(stat -c %d:%i .)
mount -t proc proc proc
for dangerous in proc/sys proc/sysrq-trigger; do
  [ ! -e "$dangerous" ] || { mount --bind "$dangerous" "$dangerous"; mount -o remount,bind,ro "$dangerous"; }
done
mount -t sysfs -o ro sysfs sys

# Only the devices that a target needs: its disks come later, this machine's disks never.
mount -t tmpfs -o mode=0755 dev dev
mkdir dev/pts dev/shm dev/disk dev/disk/by-uuid
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0

mount -t tmpfs -o mode=0755 run run
mkdir -p run/sshd run/lock
mount -t tmpfs -o mode=1777 tmp tmp
for private in root home; do mount -t tmpfs -o mode=0755 "$private" "$private"; done
chmod 0700 root

mkdir .before
pivot_root . .before
cd /
case $(stat -f -c %T /) in overlay*) ;; *) echo "the root is no overlay" >&2; exit 1 ;; esac
[ "$(stat -c %d:%i /)" = "$overlay" ] || { echo "the root is not the target's own overlay" >&2; exit 1; }
umount -l /.before
rmdir /.before

if [ -n "${4:-}" ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  # What belongs to the kernel belongs to this machine. No timer goes off either: the one that asks apt for updates
  # would work on the packages beside whoever looks at them.
  for unit in systemd-modules-load systemd-sysctl systemd-remount-fs systemd-random-seed systemd-hwdb-update \
    systemd-udevd systemd-udev-trigger systemd-networkd systemd-resolved systemd-timesyncd systemd-logind \
    systemd-binfmt systemd-tmpfiles-setup-dev kmod-static-nodes modprobe@; do
    ln -sf /dev/null "/etc/systemd/system/$unit.service"
  done
  for unit in sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
    dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount systemd-udevd-control.socket \
    systemd-udevd-kernel.socket systemd-journald-audit.socket timers.target; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
  done
  : >/etc/fstab
  # systemd gives the machine the name that stands there.
  echo "$name" >/etc/hostname
  echo ready
  exec </dev/null >/dev/null 2>&1
  export container=lab
  exec /lib/systemd/systemd --system --unit=basic.target --log-target=null "$1" "$2" "$3"
fi

echo ready
exec </dev/null >/dev/null 2>&1
# "wait" is where dash collects orphans.
while :; do sleep 1000000 & wait; done
