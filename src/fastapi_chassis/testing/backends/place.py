"""Where the programs of a server lie, and how a command runs there: this machine, or a root folder."""

import os
import pwd
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError
from fastapi_chassis.testing.backends.process import Command

DATA_IN_ROOT = "/srv/backend"

# In a mount namespace of its own: nothing stays mounted, and exec keeps the process id that we know.
ENTER = (
    'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount --bind "$1" "$0/srv/backend" && '
    'root=$0 && owner=$2 && shift 2 && exec chroot --userspec="$owner" "$root" "$@"'
)


class Place(Protocol):
    """Somewhere that programs are installed."""

    def program(self, name: str) -> str:
        """Return the full path of a program, as seen there."""
        ...

    def data(self, folder: Path) -> str:
        """Return how a server there sees its data folder."""
        ...

    def own(self, folder: Path) -> None:
        """Give the data folder and what is in it to the server's user."""
        ...

    def command(self, *argv: str, folder: Path, env: Mapping[str, str] | None = None) -> Command:
        """Make a command line that runs there, with this data folder."""
        ...


@dataclass(frozen=True, slots=True)
class HostPlace:
    """Programs of this machine; under root they run as a user without rights where `user` names one.

    Args:
        folders: where programs are looked for; PATH where empty.
        user: candidates for the server's user when we are root; the first that exists is taken.
    """

    folders: tuple[Path, ...] = ()
    user: tuple[str, ...] = ()

    def program(self, name: str) -> str:
        """Return the full path of a program."""
        search = os.pathsep.join(map(str, self.folders)) or None
        found = shutil.which(name, path=search)
        if found is None:
            raise BackendFailedError(Finding(what=f"{name} is not there", where=search or "PATH"))
        return found

    def data(self, folder: Path) -> str:
        """Return the folder as it is."""
        return str(folder)

    def own(self, folder: Path) -> None:
        """Give the data folder to the server's user."""
        user = self._server_user()
        if user is not None:
            give(folder, user.pw_uid, user.pw_gid)

    def command(self, *argv: str, folder: Path, env: Mapping[str, str] | None = None) -> Command:
        """Make a command line."""
        del folder
        user = self._server_user()
        if user is None:
            return Command(argv, env or {})
        return Command(argv, env or {}, user=user.pw_uid, group=user.pw_gid)

    def _server_user(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return next((known[name] for name in self.user if name in known), None)


@dataclass(frozen=True, slots=True)
class RootPlace:
    """Programs of a root folder, entered by chroot in a mount namespace of its own.

    Args:
        root: the folder.
        user: the server's user, known inside.
    """

    root: Path
    user: str

    def program(self, name: str) -> str:
        """Return the path of a program inside."""
        for folder in ("/usr/bin", "/usr/sbin", "/usr/lib/postgresql/18/bin", "/usr/lib/rabbitmq/bin"):
            if (self.root / folder[1:] / name).exists():
                return f"{folder}/{name}"
        raise BackendFailedError(Finding(what=f"{name} is not there", where=str(self.root)))

    def data(self, folder: Path) -> str:
        """Return where the data folder is bound inside."""
        del folder
        return DATA_IN_ROOT

    def own(self, folder: Path) -> None:
        """Give the data folder to the server's user, whose number only the root folder knows."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == self.user:
                give(folder, int(uid), int(gid))
                return
        raise BackendFailedError(Finding(what=f"user {self.user} is not there", where=str(self.root)))

    def command(self, *argv: str, folder: Path, env: Mapping[str, str] | None = None) -> Command:
        """Make a command line that enters the root folder."""
        inside = ("sh", "-c", ENTER, str(self.root), str(folder), self.user, *argv)
        return Command(("unshare", "--mount", *inside), env or {})


def give(folder: Path, uid: int, gid: int) -> None:
    """Change the owner of a folder and of everything in it."""
    os.chown(folder, uid, gid)
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(base) / name, uid, gid, follow_symlinks=False)
