@echo off
rem Runs the launcher: mastery list | path | run | up | down | status | doctor | report | completion
rem
rem launcher\build.ps1 builds what is missing or out of date first; when nothing is, Maven is not called.
rem Options for the JVM, -Dkey=value among them, stand in MASTERY_OPTS.

setlocal
set "HOME_DIR=%~dp0."
powershell -NoProfile -ExecutionPolicy Bypass -File "%HOME_DIR%\launcher\build.ps1"
if errorlevel 1 exit /b 1

set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java"
"%JAVA%" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto "-Dmastery.home=%HOME_DIR%" %MASTERY_OPTS% "@%HOME_DIR%\launcher\target\mastery.arguments" mastery.launcher.Main %*
exit /b %errorlevel%
