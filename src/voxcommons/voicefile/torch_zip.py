"""The container torch writes: a ZIP archive of which every byte is accounted for.

Read here and not by `zipfile` because a tolerant reader is the hole: two programs that see different members in one file are
how a scanner is shown one checkpoint and the loader another. So: the archive starts at the first byte and ends at the last,
members follow each other without a gap, each local header says what the directory says, nothing is compressed or encrypted,
every name is one that torch writes, and every checksum holds. Files of the public program may have its mark ("05", "06", ...)
where the archive has "PK".
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from voxcommons.voicefile.pickle_tokens import refused

MARKS: Final = tuple(f"0{digit}" for digit in range(7))
MOST_FILE_BYTES: Final = 4 * 1024**3 - 1
MOST_MEMBERS: Final = 20_000
_NAME: Final = re.compile(
    rb"([^/\\\x00]{1,255})/(data\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id|data/[0-9]{1,6})"
)
_END: Final = struct.Struct("<4s4H2IH")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64: Final = struct.Struct("<4sIQI")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_DESCRIPTOR_FOLLOWS, _UTF8 = 0x8, 0x800
_BLOCK_BYTES: Final = 1 << 20
_ROOT_DOTS: Final = (b".", b"..")


@dataclass(frozen=True)
class Member:
    """One file of the archive.

    Attributes:
        start: where its bytes start in the file.
        size: how many there are.
        crc: their checksum.
    """

    start: int
    size: int
    crc: int


@dataclass(frozen=True)
class _Entry:
    name: bytes
    flags: int
    crc: int
    size: int
    header: int


def is_torch_zip(head: bytes) -> bool:
    """Whether the first four bytes are those of an archive, marked or not."""
    return head[2:4] == b"\x03\x04" and (head[:2] == b"PK" or mark_of(head) is not None)


def mark_of(head: bytes) -> str | None:
    """The public program's mark in the place of "PK", None for a plain archive."""
    text = head[:2].decode("latin-1")
    return text if text in MARKS else None


def read_members(file: BinaryIO, size: int) -> Mapping[str, Member]:
    """The members of an archive by their name without the root folder, after checking all of it.

    Args:
        file: open for reading, seekable.
        size: its length in bytes.

    Raises:
        RefusedFileError: a rule is broken.
    """
    if size > MOST_FILE_BYTES:
        raise refused(f"a file of {size} bytes, more than {MOST_FILE_BYTES}")
    start, length, count = _directory_place(file, size)
    entries = _directory(_read(file, start, length), count)
    at = 0
    members: dict[str, Member] = {}
    roots = set()
    for entry in sorted(entries, key=lambda entry: entry.header):
        if entry.header != at:
            raise refused("bytes between two members, or members that overlap")
        match = _NAME.fullmatch(entry.name)
        if match is None or match[1] in _ROOT_DOTS:
            raise refused(f"a member {entry.name[:80].decode('utf-8', 'backslashreplace')!r}, which no checkpoint has")
        roots.add(match[1])
        name = match[2].decode("ascii")
        if name in members:
            raise refused(f"two members {name!r}")
        members[name], at = _local(file, entry, first=at == 0, limit=start)
    if at != start or len(roots) != 1:
        raise refused("bytes before the directory" if at != start else "members in more than one folder")
    for name, member in members.items():
        _check_sum(file, name, member)
    return members


def read_member(file: BinaryIO, member: Member) -> bytes:
    """All bytes of a member."""
    return _read(file, member.start, member.size)


def _directory_place(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """(start, length, number of entries) of the directory."""
    if size < _END.size:
        raise refused("an archive that is cut short")
    signature, disk, first_disk, here, count, length, start, comment = _END.unpack(_read(file, size - _END.size, _END.size))
    if signature != b"PK\x05\x06" or disk or first_disk or here != count or comment:
        raise refused("an archive without an end, or with something behind it")
    end = size - _END.size
    if end >= _LOCATOR64.size + _END64.size:
        signature, disk, place, disks = _LOCATOR64.unpack(_read(file, end - _LOCATOR64.size, _LOCATOR64.size))
        if signature == b"PK\x06\x07":
            end -= _LOCATOR64.size + _END64.size
            large = _END64.unpack(_read(file, end, _END64.size))
            told = (b"PK\x06\x06", _END64.size - 12, 0, 0, count, count, length, start)
            if (disk, place, disks) != (0, end, 1) or (*large[:2], *large[4:]) != told:
                raise refused("an archive with two different ends")
    if not 0 < count <= MOST_MEMBERS or start + length != end:
        raise refused(f"a directory of {count} members that does not lie where it should")
    return start, length, count


def _directory(data: bytes, count: int) -> list[_Entry]:
    entries: list[_Entry] = []
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(data):
            raise refused("a directory that is cut short")
        fields = _ENTRY.unpack_from(data, at)
        signature, _, _, flags, method, _, _, crc, packed, size, name_length, extra, comment, disk, _, _, header = fields
        if signature != b"PK\x01\x02" or disk or comment:
            raise refused("a directory that is damaged")
        if method or packed != size:
            raise refused("a compressed member")
        if flags & ~(_DESCRIPTOR_FOLLOWS | _UTF8):
            raise refused(f"a member with the flags 0x{flags:x}, for example encrypted")
        at += _ENTRY.size
        entries.append(_Entry(data[at : at + name_length], flags, crc, size, header))
        at += name_length + extra
    if at != len(data):
        raise refused("a directory that is damaged")
    return entries


def _local(file: BinaryIO, entry: _Entry, *, first: bool, limit: int) -> tuple[Member, int]:
    """The member and where the next one starts; the local header must agree with the directory."""
    if entry.header + _LOCAL.size > limit:
        raise refused("a member outside the archive")
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra = _LOCAL.unpack(_read(file, entry.header, _LOCAL.size))
    told = {(entry.crc, entry.size, entry.size)}
    if flags & _DESCRIPTOR_FOLLOWS:
        told.add((0, 0, 0))
    marked = first and signature[2:] == b"\x03\x04" and mark_of(signature) is not None
    if (signature != b"PK\x03\x04" and not marked) or (flags, method) != (entry.flags, 0) or (crc, packed, size) not in told:
        raise refused("a member whose two headers differ")
    if _read(file, entry.header + _LOCAL.size, name_length) != entry.name:
        raise refused("a member with two different names")
    start = entry.header + _LOCAL.size + name_length + extra
    end = start + entry.size
    if end > limit:
        raise refused("a member outside the archive")
    if flags & _DESCRIPTOR_FOLLOWS:
        end += _descriptor(_read(file, end, min(24, limit - end)), entry)
    return Member(start, entry.size, entry.crc), end


def _descriptor(data: bytes, entry: _Entry) -> int:
    """Length of what follows a member's bytes and repeats its checksum and sizes."""
    for form in ("<4sIII", "<4sIQQ"):
        told = struct.pack(form, b"PK\x07\x08", entry.crc, entry.size, entry.size)
        if data.startswith(told):
            return len(told)
    raise refused("a member whose two headers differ")


def _check_sum(file: BinaryIO, name: str, member: Member) -> None:
    file.seek(member.start)
    crc, left = 0, member.size
    while left:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            raise refused("an archive that is cut short")
        crc = zlib.crc32(block, crc)
        left -= len(block)
    if crc != member.crc:
        raise refused(f"a damaged member {name!r}: its checksum is wrong")


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    data = file.read(size)
    if len(data) != size:
        raise refused("an archive that is cut short")
    return data
