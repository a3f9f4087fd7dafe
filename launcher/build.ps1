# For mastery.cmd: finds Java and builds what is missing or out of date, as the script "mastery" does elsewhere.
# Leaves launcher\target\mastery.arguments, the class path in the form of a Java argument file.

$ErrorActionPreference = 'Stop'
$repository = Split-Path -Parent $PSScriptRoot
$target = Join-Path $PSScriptRoot 'target'
$stamp = Join-Path $target 'mastery.classpath'
$arguments = Join-Path $target 'mastery.arguments'
$log = Join-Path $target 'mastery-build.log'
$cure = 'Install a JDK, 17 or later, and set JAVA_HOME to it or put its bin directory on PATH.'

function Say($text) { [Console]::Error.WriteLine("mastery: $text") }
function Stop-Here($text) { Say $text; exit 1 }

if ($env:JAVA_HOME) {
    $java = Join-Path $env:JAVA_HOME 'bin\java.exe'
    if (-not (Test-Path $java)) { Stop-Here "JAVA_HOME is $env:JAVA_HOME, which has no bin\java.exe. $cure" }
} else {
    $found = Get-Command java -ErrorAction SilentlyContinue
    if (-not $found) { Stop-Here "no Java found: JAVA_HOME is not set and java is not on PATH. $cure" }
    $java = $found.Source
}
$said = cmd /c "`"$java`" -version 2>&1" | Out-String
if ($said -notmatch 'version "(1\.)?(\d+)' -or [int]$Matches[2] -lt 17) {
    Stop-Here "$java is not Java 17 or later. $cure"
}

$modules = @(Get-ChildItem $repository -Directory |
    Where-Object { $_.Name -match '^(common-test-support|\d\d-.+|launcher)$' -and (Test-Path (Join-Path $_.FullName 'src\main')) })

function Test-UpToDate {
    if (-not (Test-Path $stamp) -or -not (Test-Path $arguments)) { return $false }
    $built = (Get-Item $stamp).LastWriteTimeUtc
    $poms = Get-ChildItem (Join-Path $repository 'pom.xml'), (Join-Path $repository '*\pom.xml')
    if ($poms | Where-Object { $_.LastWriteTimeUtc -gt $built }) { return $false }
    foreach ($module in $modules) {
        if (-not (Test-Path (Join-Path $module.FullName 'target\classes'))) { return $false }
        $newer = Get-ChildItem (Join-Path $module.FullName 'src\main') -Recurse |
            Where-Object { $_.Extension -ne '.md' -and $_.LastWriteTimeUtc -gt $built } | Select-Object -First 1
        if ($newer) { return $false }
    }
    foreach ($library in (Get-Content $stamp -Raw).Trim().Split(';')) {
        if (-not (Test-Path $library)) { return $false }
    }
    return $true
}

if (Test-UpToDate) { exit 0 }
New-Item -ItemType Directory -Force $target | Out-Null

# Whoever has the lock file open builds; the system closes it with its owner.
$lock = $null
$told = $false
while (-not $lock) {
    try {
        $lock = [IO.File]::Open((Join-Path $target 'mastery.lock'), 'OpenOrCreate', 'ReadWrite', 'None')
    } catch [IO.IOException] {
        if (-not $told) { Say 'waiting for another build of this directory ...'; $told = $true }
        Start-Sleep -Milliseconds 500
    }
}
if (Test-UpToDate) { exit 0 }

if (-not (Get-Command mvn -ErrorAction SilentlyContinue)) {
    Stop-Here 'this has to be built first, and mvn is not on PATH. Install Maven, 3.8 or later, and put its bin directory on PATH.'
}
Say 'building (first run or sources changed; on the first run Maven may fetch libraries for some minutes) ...'
Remove-Item $stamp, $arguments -ErrorAction SilentlyContinue
$started = [DateTime]::UtcNow
Set-Location $repository
cmd /c "mvn -q -B -Dstyle.color=never -DskipTests -Dspotless.check.skip=true -pl launcher -am process-classes >`"$log`" 2>&1"
if ($LASTEXITCODE -ne 0) {
    Remove-Item $stamp -ErrorAction SilentlyContinue
    Get-Content $log | ForEach-Object { [Console]::Error.WriteLine($_) }
    Stop-Here "the build failed; Maven's words are above and in $log"
}

$entries = @()
foreach ($module in $modules) {
    $classes = Join-Path $module.FullName 'target\classes'
    New-Item -ItemType Directory -Force $classes | Out-Null
    $entries += $classes
}
$entries += (Get-Content $stamp -Raw).Trim()
$classPath = ($entries -join ';').Replace('\', '/')
[IO.File]::WriteAllText($arguments, "-cp `"$classPath`"")
# What is saved during the build is built by the next one.
(Get-Item $stamp).LastWriteTimeUtc = $started
exit 0
