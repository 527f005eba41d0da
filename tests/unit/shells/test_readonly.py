"""What is believed to only read, and every trick that must not be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.command import Command, Dialect, Effect
from runner.shells.readonly import why_argv_may_write, why_not_read_only

READS = """
apt-get --simulate -q -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= --no-remove install walinuxagent
restorecon -Rnv /var/lib/waagent
findmnt --json --mountpoint /data
/usr/bin/findmnt -rno SOURCE /
lsblk --json --output NAME,FSTYPE
blkid -o export /dev/sdb1
df -P /var
stat -c %a /etc/waagent.conf
cat /etc/azure/vmbackup.conf
head -n 5 /etc/fstab
tail -n 5 /var/log/waagent.log
tail -c +10 x
grep -F -i freeze /var/log/azure/x
ls -lZ /var/lib
ps -eo pid,args
pgrep -af waagent
id -u
uname -r
hostname
hostname --fqdn
test -e /x
[ -e /x ]
true
mountpoint -q /data
fuser -vm /data
fuser -v -m --namespace file /data
lsof -n +f -- /data
tune2fs -l /dev/sdb1
dumpe2fs -h /dev/sdb1
e2fsck -n /dev/sdb1
e2fsck -fn /dev/sdb1
fsck.ext4 -f -n /dev/sdb1
/sbin/xfs_repair -n /dev/sdb1
xfs_info /data
xfs_db -r -c sb /dev/sdb1
xfs_db -r -c uuid -c "frag" /dev/sdb1
systemctl show -p ActiveState waagent walinuxagent
systemctl --no-pager status waagent
systemctl is-active waagent
systemctl is-enabled waagent
systemctl cat waagent
systemctl list-units --failed
systemd-escape -p --suffix=mount /data
journalctl -u waagent --since today --no-pager -n 100
dmesg -T
dmesg --level=err
find /var/lib/waagent -maxdepth 1 -name Microsoft.Azure.*
waagent -version
/usr/sbin/waagent --version
getenforce
sha256sum /etc/fstab
readlink -f /data
date +%s
date -u +%FT%TZ
date --date=@0 +%F
cut -d: -f1 /etc/passwd
sort -k2,2 -n /etc/fstab
uniq -c /x
wc -l /x
ip addr
ip -j route show table all
ip -4 addr show dev eth0
env LC_ALL=C df -P
env -i LANG=C /usr/bin/df
timeout 5 df -P
timeout -k 1 5s df
timeout --signal=KILL 10 env LC_ALL=C findmnt
nice -n 10 ionice -c 3 find /var
nice find /
mount
losetup -a
swapon --show
dpkg -s walinuxagent
rpm -q WALinuxAgent
cryptsetup status x
ss -tlnp
timedatectl show
where /r C:\\Packages vcredist2013_x64.exe
where.exe /R C:\\x /T *.exe
certutil -hashfile C:\\x\\a.exe SHA256
CertUtil.exe /HashFile "C:\\x y\\a.exe"
vssadmin list writers
VSSADMIN.EXE List Writers
C:\\Windows\\System32\\vssadmin.exe list writers
sc query vss
sc.exe queryex vss
sc qc vss
sc enumdepend vss
sc sdshow vss
reg query HKLM\\SOFTWARE\\Microsoft /reg:64
net start
wevtutil qe Application /c:5
wevtutil gl Application
wevtutil el
wevtutil qe System /c:1 /rd:true /f:xml "/q:*[System[Provider[@Name='volsnap'] and EventID=8]]"
WEVTUTIL.exe QE System /RD:true
sc queryex "MSSQL$ONE" 4096
sc enumdepend Winmgmt 65536
sc query type= service state= all
SC QC vss 8192
reg query "HKLM\\SOFTWARE\\Microsoft\\A B" /v "a & b" /reg:64
REG.EXE QUERY HKLM\\X
NET START
vssadmin list shadowstorage
vssadmin list shadows /for=C:
whoami /groups /fo csv /nh
tasklist /svc
tasklist /m netapi32.dll
tasklist /v
whoami /groups
systeminfo
icacls C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys
ipconfig /ALL
blkid -c /dev/null -o export
sort /opt/x
"""

MAY_WRITE = """
apt-get --simulate install walinuxagent
apt-get -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= install walinuxagent
apt-get --simulate -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Get::Simulate=false install x
restorecon -Rv /var/lib/waagent
find / -delete
/usr/bin/find / -exec rm {} +
find / -execdir rm {} ;
find / -ok rm {} ;
find / -okdir rm {} ;
find / -fprint /etc/passwd
find / -fprintf /x %p
find / -fprint0 /x
find / -fls /x
sort -o /etc/passwd /x
sort -uo/etc/passwd /x
sort --output=/x /y
sort --ou=/x /y
sort --compress-program=/tmp/x /y
sort /o out.txt in.txt
sort /OUT out.txt in.txt
uniq /x /etc/passwd
uniq -- /x -out
uniq - /etc/passwd
env -S"rm -rf /"
env --split-string=rm
env LD_PRELOAD=/tmp/x.so df
env PATH=/tmp df
env PAGER=/tmp/x systemctl status
env LC_ALL=C rm /x
env -u HOME rm /x
env -C / df
timeout 5 rm /x
timeout -k 5 rm df
timeout 5
timeout --fore 5 df
nice rm /x
nice -n 5 rm /x
nice -n
ionice -p 1 -c 3
ionice -c 3 rm /x
timeout 5 env LC_ALL=C nice find / -delete
sudo df
sh -c df
/bin/bash -c df
python3 -c 1
awk 1 /x
sed -n p /x
xargs df
tee /x
fsck -n /dev/sdb1
/tmp/find /
./find /
bin/df
/usr/local/bin/df
//usr/bin/df
/usr/bin/
/usr/bin/../../tmp/df
C:\\Temp\\vssadmin.exe list writers
C:\\Windows\\System32\\..\\..\\Temp\\vssadmin.exe list writers
..\\vssadmin.exe list
FINDMNT
blkid -g
blkid -pg /dev/sdb
blkid --garb
hostname evil
hostname -F /x
hostname -b evil
hostnamectl set-hostname evil
date 010100002030
date -s 2020-01-01
date -us 2020-01-01
date --se=2020-01-01
date -u --set=2020-01-01
tail -f /x
tail -nf /x
tail -F /x
tail --follow /x
tail --ret /x
tune2fs /dev/sdb1
tune2fs -l -c0 /dev/sdb1
tune2fs -lc0 /dev/sdb1
tune2fs -l /dev/sdb1 /dev/sdc1
tune2fs -c 0 /dev/sdb1
dumpe2fs /dev/sdb1
dumpe2fs -h -i /x /dev/sdb1
e2fsck /dev/sdb1
e2fsck -p /dev/sdb1
e2fsck -ny /dev/sdb1
e2fsck -nc /dev/sdb1
e2fsck -n -l /x /dev/sdb1
e2fsck -n -L /x /dev/sdb1
e2fsck -n -z /x /dev/sdb1
e2fsck -n -E discard /dev/sdb1
fsck.ext4 -y /dev/sdb1
fsck.ext4 -f /dev/sdb1
fsck.xfs /dev/sdb1
e2fsck -- -n /dev/sdb1
xfs_repair /dev/sdb1
xfs_repair -nL /dev/sdb1
xfs_repair -L /dev/sdb1
xfs_repair -v /dev/sdb1
xfs_db /dev/sdb1
xfs_db -r /dev/sdb1
xfs_db -x -c sb /dev/sdb1
xfs_db -c sb /dev/sdb1
xfs_db -r -c "metadump /x" /dev/sdb1
xfs_db -r -c "write core.mode 0" /dev/sdb1
xfs_db -r -c "log start /x" /dev/sdb1
xfs_db -r -c
systemctl
systemctl restart waagent
systemctl --no-pager restart waagent
systemctl -H evil restart waagent
systemctl -H show restart
systemctl --root /show restart x
systemctl -p show restart x
systemctl daemon-reload
systemctl set-environment A=B
systemctl edit x
systemctl kill show
journalctl --vacuum-size=1M
journalctl --vacuum-t=1d
journalctl --rotate
journalctl --rot
journalctl --flush
journalctl --sync
journalctl --cursor-file=/x
journalctl -f
journalctl -fu waagent
journalctl --setup-keys
dmesg -c
dmesg -C
dmesg -wc
dmesg -Tc
dmesg -n 1
dmesg --clear
dmesg --cl
dmesg --read-c
dmesg -E
dmesg --console-level 1
fuser -k /data
fuser -vkm /data
fuser -km /data
fuser --ki /data
fuser -mk -TERM /data
lsof -Db
lsof -r 5
lsof +r 5
findmnt --poll
findmnt -p
ip link set eth0 down
ip addr add 10.0.0.1 dev eth0
ip -b /x
ip -batch /x
ip netns exec x rm /y
ip route flush all
ip -n x addr del
ip
mount /dev/sdb1 /data
mount -a
mount -o remount,rw /
losetup
losetup -d /dev/loop0
losetup -f
losetup -a -d
swapon -a
swapon /dev/sdb
dpkg -i x.deb
dpkg -s x --pre-invoke=/tmp/x
dpkg
rpm -e x
rpm -qa --eval %(rm)
rpm -q --pipe rm x
rpm -U x
cryptsetup luksDump --dump-master-key /dev/sdb
cryptsetup luksFormat /dev/sdb
ss -K dst 1.1.1.1
ss -tK
ss --ki
ss -D /x
timedatectl set-time 2020-01-01
file -C -m /x
waagent -deprovision
waagent -version -deprovision
waagent
waagent /version
vssadmin delete shadows /all
vssadmin
vssadmin resize shadowstorage
vssadmin list
vssadmin list delete
vssadmin create shadow /for=C:
vssadmin /? delete shadows
whoami.cmd
tasklist /s server /u x
systeminfo /S server
driverquery -s server
sc stop vss
sc config vss start= auto
sc \\\\server query
sc \\\\\\\\server query vss
sc query \\\\\\\\server vss
sc.exe \\\\\\\\server stop vss
sc qc vss \\\\\\\\server
sc queryexx vss
sc triggerinfo vss start/strcustom/x
sc sdset vss D:
sc create x binPath= y
sc delete vss
sc start vss
sc failure vss reset= 0
sc
reg add HKLM\\X
reg delete HKLM\\X
reg export HKLM\\X y.reg
reg query \\\\\\\\server\\HKLM\\X
reg save HKLM\\X y
reg /query
reg
net
net start vss
net stop vss
net START vss
net start start
net start /y
net stop
net start vss /y
net session
sort /oUt out.txt in.txt
sort /Oout.txt in.txt
blkid -c /etc/passwd
blkid -c/etc/passwd
blkid --cache-file=/x
journalctl --image=/x
systemctl is-enabled --image=/x y
ss -tE
net user x y /add
wevtutil cl Application
wevtutil qe Application /sbm:C:\\x
wevtutil qe Application /SaveBookmark:C:\\x
wevtutil epl Application x.evtx
wevtutil qe Application -sbm:C:\\x
wevtutil qe Application /SBM:C:\\x
wevtutil qe Application /r:server
wevtutil qe /remote:server Application
wevtutil sl Application /ms:1
wevtutil clear-log Application
wevtutil im x.man
wevtutil al x
wevtutil /r:server qe Application
where \\\\\\\\server\\share:a.exe
certutil
certutil -hashfile
certutil -urlcache -split -f https://example.com/a
certutil -delstore My x
certutil -hashfile C:\\x -urlcache
certutil -f -hashfile C:\\x
certutil -hashfile \\\\\\\\server\\x SHA256
icacls C:\\x /grant Everyone:F
icacls C:\\x /save y
icacls C:\\x C:\\y
ipconfig /release
powershell -Command Get-Item
cmd /c dir
POWERSHELL.EXE x
mkdir /x
"""


def words(line: str) -> tuple[str, ...]:
    """Splits at spaces outside of double quotes, and nothing else: backslashes are Windows paths here."""
    parts = line.split('"')
    found: list[str] = []
    for index, part in enumerate(parts):
        if index % 2 and parts[index - 1].endswith(" "):
            found.append(part)
        elif index % 2:
            found[-1] += part
        else:
            found.extend(part.split())
    return tuple(found)


def lines(table: str) -> list[tuple[str, ...]]:
    """One argv for each line of a table."""
    return [words(line.replace("\\\\", "\\")) for line in table.splitlines() if line]


@pytest.mark.parametrize("argv", lines(READS), ids=" ".join)
def test_known_to_only_read(argv: tuple[str, ...]) -> None:
    """What diagnosis needs is accepted without an explanation."""
    assert why_argv_may_write(argv) is None


@pytest.mark.parametrize("argv", lines(MAY_WRITE), ids=" ".join)
def test_not_known_to_only_read(argv: tuple[str, ...]) -> None:
    """Anything else is refused with a reason, however it is spelled."""
    why = why_argv_may_write(argv)

    assert why
    assert "`" in why


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("find", "/", "-delete"), "`find`: `-delete` runs programs, deletes or writes files"),
        (("awk", "1"), "`awk`: its scripts can write files and run programs"),
        (("mkfs", "/x"), "`mkfs`: it is not known to only read"),
        (("/srv/df",), "`/srv/df` does not lie in a folder of the system"),
        (("timeout", "5", "rm", "/x"), "`rm`: it is not known to only read"),
        (("tune2fs", "/dev/sdb1"), "`tune2fs`: the option that keeps it from writing is missing"),
        (("systemctl", "restart", "x"), "`systemctl`: `restart` is not among its subcommands that only read"),
        ((), "there is no program"),
        (("",), "there is no program"),
    ],
)
def test_reasons_name_the_program(argv: tuple[str, ...], why: str) -> None:
    """The author learns which word is at fault."""
    assert why_argv_may_write(argv) == why


def test_scripts_and_changes_are_never_read_only() -> None:
    """Nobody can tell from outside what a script does; a command that says it changes is believed."""
    script = Command(dialect=Dialect.SH, script="cat /etc/fstab")
    powershell = Command(dialect=Dialect.POWERSHELL, script="Get-Item x")
    change = Command(argv=("cat", "/x"), effect=Effect.CHANGE)

    assert why_not_read_only(script) == why_not_read_only(powershell) == "a script is never provably read-only"
    assert why_not_read_only(change) == "it is declared as a changing command"
    assert why_not_read_only(Command(argv=("cat", "/x"))) is None


@given(
    st.sampled_from(["-k", "-vk", "-kv", "--kill", "--k", "--kil"]),
    st.lists(st.sampled_from(["-v", "-m", "--", "/data", "-n", "file"]), max_size=4),
    st.integers(0, 4),
)
def test_the_place_of_an_option_does_not_hide_it(option: str, rest: list[str], at: int) -> None:
    """getopt permutes: an option counts wherever it stands."""
    argv = ["fuser", *rest[:at], option, *rest[at:]]

    assert why_argv_may_write(argv)


def test_deep_wrapping_is_looked_through() -> None:
    """A long chain of wrappers neither hides the program nor breaks the answer."""
    chain = ["env", "LC_ALL=C", "timeout", "5"] * 2000

    assert why_argv_may_write([*chain, "df"]) is None
    assert why_argv_may_write([*chain, "rm"]) == "`rm`: it is not known to only read"
