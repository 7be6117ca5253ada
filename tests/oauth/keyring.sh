#!/usr/bin/env bash
# Runs a command beside a keyring of its own (Secret Service, unlocked), which is kept in FOLDER:
#   keyring.sh FOLDER COMMAND...
set -euo pipefail
folder=$1
shift
export HOME=$folder XDG_DATA_HOME=$folder/data XDG_RUNTIME_DIR=$folder/run
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
# The daemon goes to the background once it is unlocked, and ends with the bus, which ends with the command.
exec dbus-run-session -- bash -c '
    printf "the password of the keyring" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
    "$@"
' keyring "$@"
