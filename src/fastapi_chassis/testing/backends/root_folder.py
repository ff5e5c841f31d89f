"""The root folder: a small Debian with the modern servers, made by mmdebstrap in about half a minute."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.debian_mirror import debian_mirror
from fastapi_chassis.testing.backends.place import DATA_IN_ROOT, RootPlace
from fastapi_chassis.testing.backends.process import Command, run

SUITE = "forky"
PACKAGES = ("postgresql-18-documentdb", "pgbouncer", "rabbitmq-server", "nats-server", "valkey-server")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
BUILD_SECONDS = 900.0


def make_root_folder(folder: Path) -> None:
    """Fill an empty folder with the servers and what they need."""
    source = f"deb [signed-by={KEYRING}] {debian_mirror()} {SUITE} main"
    options = (
        "--variant=essential",
        "--mode=root",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        f"--include={','.join(PACKAGES)}",
    )
    # A mount namespace of its own here too: whatever a broken build mounts is gone with it.
    argv = ("unshare", "--mount", "mmdebstrap", *options, SUITE, str(folder), source)
    run(Command(argv, _network_environment()), timeout=BUILD_SECONDS, what="mmdebstrap")
    hosts = f"127.0.0.1 localhost {os.uname().nodename}\n"
    (folder / "etc/hosts").write_text(hosts)
    (folder / DATA_IN_ROOT[1:]).mkdir(parents=True, exist_ok=True)


def root_obstacle() -> str | None:
    """Say why a root folder can't be entered here, or None."""
    if sys.platform != "linux":
        return "a root folder needs Linux"
    if os.geteuid() != 0:
        return "a root folder needs root"
    return None if _can_unshare() else "a root folder needs the right to mount (unshare --mount)"


def build_obstacle() -> str | None:
    """Say why a root folder can't be built here, or None."""
    if shutil.which("mmdebstrap") is None:
        return "mmdebstrap is missing (apt-get install mmdebstrap)"
    if not Path(KEYRING).exists():
        return f"{KEYRING} is missing (apt-get install debian-archive-keyring)"
    return None if debian_mirror() else "apt names no Debian mirror"


ROOT_FOLDER = Artifact(name="root", version=f"{SUITE}-2", make=make_root_folder, obstacle=build_obstacle)


def root_place(user: str) -> RootPlace:
    """Name the root folder as the place of a server that runs as this user."""
    return RootPlace(ROOT_FOLDER.path, user)


@cache
def _can_unshare() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    done = subprocess.run(  # noqa: S603 - a fixed command
        (unshare, "--mount", "mount", "-t", "tmpfs", "none", "/mnt"),
        capture_output=True,
        timeout=10,
        check=False,
    )
    return done.returncode == 0


def _network_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
