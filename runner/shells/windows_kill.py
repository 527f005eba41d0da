"""The end of everything that a shell of WinRS started, as a PowerShell script.

Deleting the command alone is no proof: what it started may live on. There is no machine with PowerShell in our tests;
the practice lab's endpoint knows the script by its first line and does the same to its own processes.
"""

from __future__ import annotations

from runner.model.command import Command, Dialect

FIRST_LINE = "# vmfix: end what else runs in this shell"
GONE = "gone"

# Get-WmiObject is in every Windows PowerShell, and its dates are texts that compare as dates do. A process is only a
# child of one that is older: numbers are used again. An orphan of this account that is younger than the shell may be
# ours, and may be somebody else's: it is not ended, and nothing is claimed.
_SCRIPT = (
    FIRST_LINE
    + r"""
$ErrorActionPreference = 'SilentlyContinue'
function Find-Other {
    $all = @(Get-WmiObject -Class Win32_Process)
    $known = @{}
    foreach ($one in $all) { $known[[int]$one.ProcessId] = $one }
    $keep = @{}
    $at = $known[[int]$PID]
    $me = $at.GetOwnerSid().Sid
    while ($at -and $at.Name -ne 'winrshost.exe') {
        $keep[[int]$at.ProcessId] = $true
        $at = $known[[int]$at.ParentProcessId]
    }
    if (-not $at) { return 'unverified' }
    $root = $at
    $keep[[int]$root.ProcessId] = $true
    $inside = @{ [int]$root.ProcessId = $true }
    do {
        $more = $false
        foreach ($one in $all) {
            $id = [int]$one.ProcessId
            $parent = $known[[int]$one.ParentProcessId]
            if ($inside[$id] -or -not $parent -or -not $inside[[int]$parent.ProcessId]) { continue }
            if ($one.CreationDate -lt $parent.CreationDate) { continue }
            $inside[$id] = $true
            $more = $true
        }
    } while ($more)
    foreach ($one in $all) {
        $id = [int]$one.ProcessId
        if ($keep[$id] -or $one.Name -eq 'conhost.exe') { continue }
        if ($inside[$id]) { $id; continue }
        if ($one.SessionId -ne $root.SessionId -or $one.CreationDate -lt $root.CreationDate) { continue }
        if (-not $known[[int]$one.ParentProcessId] -and $one.GetOwnerSid().Sid -eq $me) { 'orphan' }
    }
}
foreach ($wait in 100, 200, 400, 800, 1600, 3200) {
    $others = @(Find-Other)
    $ours = @($others | Where-Object { $_ -is [int] })
    if ($others.Count -eq 0) { 'gone'; exit 0 }
    if ($ours.Count -eq 0) { break }
    $ours | ForEach-Object { Stop-Process -Id $_ -Force }
    Start-Sleep -Milliseconds $wait
}
'left ' + (@(Find-Other) -join ' ')
"""
)

KILL_ALL = Command(dialect=Dialect.POWERSHELL, script=_SCRIPT, elevated=False, at_most=30.0)
"""Ends all other processes of the shell that it runs in, and prints ``gone`` if a last look found none."""
