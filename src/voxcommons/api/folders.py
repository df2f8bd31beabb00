"""Which files a client may name: those inside the folders the operator gave, and no others.

The one place that turns a string from the network into a path. Links are followed before the question is asked, and the
answer is the same for a file that is not there and one that is elsewhere, so that nobody can feel around on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voxcommons.base.errors import InputError

_LONGEST_CHARS = 4096


@dataclass(frozen=True)
class AllowedFolders:
    """The folders clients may name files in.

    Attributes:
        roots: absolute, links followed.
    """

    roots: tuple[Path, ...]

    @classmethod
    def of(cls, folders: tuple[Path, ...]) -> AllowedFolders:
        """Check the folders an operator gave.

        Raises:
            InputError: one of them is not a folder.
        """
        for folder in folders:
            if not folder.is_dir():
                raise InputError("no such folder to allow", expected="an existing folder", found=str(folder))
        return cls(tuple(folder.resolve() for folder in folders))

    def file(self, name: str) -> Path:
        """A regular file a client named, absolute or relative to one of the folders.

        Raises:
            InputError: it is not there, not a file, or outside the folders.
        """
        return self._find(name, folder_too=False)

    def place(self, name: str) -> Path:
        """A file or folder a client named; raises as `file`."""
        return self._find(name, folder_too=True)

    def _find(self, name: str, *, folder_too: bool) -> Path:
        usable = 0 < len(name) <= _LONGEST_CHARS and "\0" not in name
        for root in self.roots if usable else ():
            try:
                path = (root / name).resolve(strict=True)
                inside = any(path.is_relative_to(allowed) for allowed in self.roots)
                if inside and (path.is_file() or (folder_too and path.is_dir())):
                    return path
            except (OSError, RuntimeError, ValueError):  # not there, a loop of links, or no name the system can hold
                continue
        raise InputError(
            "no such file in the allowed folders",
            expected="a file inside a folder the server was started with (--allow-folder)",
            found=repr(name[:200]),
            do="put it there, or start the server with its folder" if self.roots else "start the server with --allow-folder FOLDER",
        )
