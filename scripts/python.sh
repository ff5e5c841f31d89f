#!/bin/sh
# Prints the path of a CPython that this repository runs on: 3.13 if there is one, else 3.14, else 3.12.
#
# Every candidate is asked for its version, because a name proves nothing: pyenv's shims answer
# "python3.13" on PATH also where 3.13 isn't selected, and then fail when they are run.
set -u

asked='import sys
base = getattr(sys, "_base_executable", None) or sys.executable
good = sys.version_info[:2] >= (3, 12) and sys.implementation.name == "cpython"
print(base if good else "")'

probe() {
    "$1" -I -c "$asked" </dev/null 2>/dev/null
}

accept() {
    found=$(probe "$1") && [ -n "$found" ] && printf '%s\n' "$found" && exit 0
}

accept_from_path() {
    saved_ifs=$IFS
    IFS=:
    for folder in $PATH; do
        IFS=$saved_ifs
        [ -x "${folder:-.}/$1" ] && accept "${folder:-.}/$1"
        IFS=:
    done
    IFS=$saved_ifs
}

accept_from_version_folders() {
    home=${HOME:-/nonexistent}
    for candidate in \
        "${PYENV_ROOT:-$home/.pyenv}"/versions/*/bin/"$1" \
        "$home"/.pyenv/versions/*/bin/"$1" \
        "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$home/.local/share}/uv/python}"/*/bin/"$1" \
        "${XDG_DATA_HOME:-$home/.local/share}"/mise/installs/python/*/bin/"$1" \
        "$home"/.asdf/installs/python/*/bin/"$1"
    do
        [ -x "$candidate" ] && accept "$candidate"
    done
}

if [ -n "${PYTHON:-}" ]; then
    accept "$PYTHON"
    echo "PYTHON=$PYTHON isn't a CPython 3.12 or newer: name another one, or leave PYTHON out to have one found." >&2
    exit 1
fi

for name in python3.13 python3.14 python3.12 python3 python; do
    accept_from_path "$name"
    accept_from_version_folders "$name"
done

echo "No Python 3.12 or newer was found: install one (\`pyenv install 3.13\`, \`apt-get install python3.13\`, \`brew install python@3.13\`), or say where it is with \`make PYTHON=/path/to/python3.13\`." >&2
exit 1
