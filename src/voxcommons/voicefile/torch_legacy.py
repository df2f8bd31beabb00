"""The container torch wrote before 1.6: five pickles in a row, then every storage with its length before it.

Apart from the ZIP form because its storages are found only after the weights have been described.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Final

from voxcommons.voicefile.pickle_tokens import refused
from voxcommons.voicefile.tensor_view import Storage
from voxcommons.voicefile.tensors import ITEM_BYTES
from voxcommons.voicefile.unpickle import Machine

START: Final = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PROTOCOL: Final = 1001
MOST_STORAGES: Final = 20_000


def read_legacy(
    machine: Machine,
    storages: dict[str, Storage],
    file: BinaryIO,
    size: int,
    *,
    most_pickle_bytes: int,
    reader: Callable[[int], Callable[[int, int], bytes]],
) -> Any:  # noqa: ANN401 - whatever the file says
    """What a file in the old form says.

    Args:
        machine: runs its pickles; asks for storages with `old_storage`.
        storages: filled by the machine while it runs.
        file: open for reading.
        size: its length in bytes.
        most_pickle_bytes: of the five pickles together.
        reader: gives, for a place in the file, the function that reads a storage which starts there.

    Raises:
        RefusedFileError: the file breaks the form.
    """
    file.seek(0)
    head = file.read(min(size, most_pickle_bytes))
    at = len(START)
    version, at = machine.run(head, at)
    system, at = machine.run(head, at)
    if version != _PROTOCOL or type(system) is not dict or system.get("little_endian") is not True:
        raise refused("an old checkpoint of another protocol or byte order")
    content, at = machine.run(head, at)
    keys, at = machine.run(head, at)
    if type(keys) is not list or len(keys) > MOST_STORAGES or not all(type(key) is str for key in keys):
        raise refused("a list of storages that is not one")
    if len(set(keys)) != len(keys) or set(keys) != set(storages):
        raise refused("storages that the weights do not name")
    for key in keys:
        at = _place(file, size, at, storages[key], reader)
    if at != size:
        raise refused(f"{size - at} bytes behind the last storage")
    return content


def old_storage(storages: dict[str, Storage]) -> Callable[[str, str, int], Storage]:
    """What makes a storage whose place is not known yet; the same key gives the same storage."""

    def make(dtype: str, key: str, count: int) -> Storage:
        nbytes = count * ITEM_BYTES[dtype] if dtype else count
        made = storages.setdefault(key, Storage(key, dtype, nbytes, _unread))
        if (made.dtype, made.nbytes) != (dtype, nbytes) or len(storages) > MOST_STORAGES:
            raise refused(f"a storage {key[:80]!r} that is described in two ways")
        return made

    return make


def _place(file: BinaryIO, size: int, at: int, storage: Storage, reader: Callable[[int], Callable[[int, int], bytes]]) -> int:
    file.seek(at)
    count = int.from_bytes(file.read(8), "little")
    start = at + 8
    if count * (ITEM_BYTES[storage.dtype] if storage.dtype else 1) != storage.nbytes or start + storage.nbytes > size:
        raise refused(f"a storage {storage.key[:80]!r} of another length than the weights say")
    storage.read = reader(start)
    return start + storage.nbytes


def _unread(start: int, count: int) -> bytes:
    raise refused("a storage that is not in the file")
