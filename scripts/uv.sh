#!/bin/sh
# Runs uv with the found Python; a machine without a usable uv gets one of its own under .cache/.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
UV_PYTHON=$("$root/scripts/python.sh")
export UV_PYTHON
# An environment that is active in the caller's shell isn't this project's.
unset VIRTUAL_ENV

usable() {
    version=$("$1" --version 2>/dev/null) || return 1
    version=${version#uv }
    minor=${version#*.}
    [ "${version%%.*}" -gt 0 ] 2>/dev/null || [ "${minor%%.*}" -ge 9 ] 2>/dev/null
}

own=$root/.cache/uv-tool
if usable uv; then
    uv=uv
else
    uv=$own/bin/uv
    if ! usable "$uv"; then
        echo "uv isn't installed: putting one into .cache/uv-tool" >&2
        "$UV_PYTHON" -m venv --clear "$own" && "$own/bin/python" -m pip install --quiet 'uv>=0.9' || {
            echo "uv could not be installed into .cache/uv-tool: install it yourself (\`pipx install uv\`) and run make again." >&2
            exit 1
        }
    fi
fi
exec "$uv" "$@"
