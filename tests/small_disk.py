"""A disk on which only small files have room, for tests: writing past 20 kB fails as on a full one."""

import contextlib
import resource
from collections.abc import Iterator

ROOM_BYTES = 20_000


@contextlib.contextmanager
def small_files_only() -> Iterator[None]:
    """For the block, no file of this process grows beyond the room; Python ignores the signal that comes with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
