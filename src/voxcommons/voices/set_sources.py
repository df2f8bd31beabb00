"""Where the files of a public set come from: a folder of the user, or a model host over HTTP.

The client library `huggingface_hub` knows the hosts' interface; the bytes are fetched here, because what it has fetched when it is
stopped it forgets, and a download of 650 MB should go on where it was. A file is only handed on when its hash is right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from voxcommons.base.errors import CorruptFileError, InputError, MissingExtraError, VoxError
from voxcommons.base.hashing import sha256_file
from voxcommons.base.progress import Progress
from voxcommons.voices.public_sets import PublicFile

REVISION = "main"
_BLOCK_BYTES = 1 << 20
_SHA256, _GIT_SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_MOST_BYTES = 4 << 30


@dataclass(frozen=True)
class Fetched:
    """A file at hand.

    Attributes:
        path: where it lies.
        sha256: of its bytes.
        published: whether that is the hash of the published file; None where that is not known.
        instead: what was taken in the file's stead, one of its `PublicFile.instead`; empty for the file itself.
    """

    path: Path
    sha256: str
    published: bool | None
    instead: str = ""


class Source(Protocol):
    """Hands out the files of a repository."""

    @property
    def words(self) -> str:
        """What to call it in messages."""

    def fetch(self, repository: str, file: PublicFile, progress: Progress) -> Fetched:
        """One file.

        Raises:
            InputError: it is not there.
            CorruptFileError: it is not what it should be.
        """

    def forget(self) -> None:
        """Remove what was fetched, once it is installed."""


class FolderSource:
    """A folder in which the user already has the files, as the repository orders them or side by side; works offline."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def words(self) -> str:
        """What to call it in messages."""
        return str(self._folder)

    def fetch(self, repository: str, file: PublicFile, progress: Progress) -> Fetched:
        """One file; a hash other than the published one is told, not refused, since the user chose the folder."""
        for place in (file.path, f"{repository}/{file.path}", Path(file.path).name):
            path = self._folder / place
            if path.is_file():
                digest = sha256_file(path)
                return Fetched(path, digest, digest == file.sha256 if file.sha256 else None)
        for place in file.instead:
            if (self._folder / place).is_file():
                return Fetched(self._folder / place, sha256_file(self._folder / place), None, place)
        raise InputError("a file of the set is not in the folder", expected=file.path, found=f"no such file in {self._folder}")

    def forget(self) -> None:
        """Nothing: the files are the user's."""


class HubSource:
    """A model host, or a mirror of one.

    Args:
        partial: where unfinished downloads wait; they go on there after an interruption.
        endpoint: address of the host; None takes the library's own.

    Raises:
        MissingExtraError: `huggingface_hub` is not installed.
        InputError: the endpoint is no address.
    """

    def __init__(self, partial: Path, endpoint: str | None = None) -> None:
        try:
            import huggingface_hub  # noqa: F401 - only to know that it is there
        except ImportError as cause:
            raise MissingExtraError("cannot download", extra="public", found="no library huggingface_hub") from cause
        if endpoint is not None and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", endpoint):
            raise InputError("the endpoint is no address", expected="http:// or https:// and a host", found=endpoint)
        self._taken: list[Path] = []
        self._partial, self._endpoint = partial, endpoint.rstrip("/") if endpoint else None

    @property
    def words(self) -> str:
        """What to call it in messages."""
        return self._endpoint or "the model host"

    def forget(self) -> None:
        """Remove the downloaded files, once they are installed."""
        while self._taken:
            self._taken.pop().unlink(missing_ok=True)

    def fetch(self, repository: str, file: PublicFile, progress: Progress) -> Fetched:
        """One file, downloaded where it is not here yet."""
        target = self._partial / repository.replace("/", "--") / file.path
        self._taken.append(target)
        if file.sha256 and target.is_file() and sha256_file(target) == file.sha256:
            return Fetched(target, file.sha256, published=True)
        import huggingface_hub as hub

        with self._errors(repository, file.path):
            url = hub.hf_hub_url(repository, file.path, revision=REVISION, endpoint=self._endpoint)
            told = hub.get_hf_file_metadata(url, token=False, endpoint=self._endpoint)
            stated = told.etag or ""
            if file.sha256 and _SHA256.fullmatch(stated) and stated != file.sha256:
                raise _not_published(file, stated)
            size = told.size or 0
            if size > _MOST_BYTES:
                raise CorruptFileError("a file of the set is too large", expected=f"at most {_MOST_BYTES} bytes", found=f"{size}")
            part = target.with_name(f"{target.name}.{(stated or 'unknown')[:16]}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            _download(hub.get_session(), told.location or url, part, size, progress, file.path)
        return _checked(part, target, file, stated)

    @contextmanager
    def _errors(self, repository: str, path: str) -> Iterator[None]:
        """What the host and the network say, as one line."""
        import httpx2
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

        try:
            yield
        except (EntryNotFoundError, RepositoryNotFoundError) as cause:
            raise InputError(
                "the host does not have that file", expected=f"{path} in {repository}", found=_first_line(cause),
                do="try another --endpoint or --from FOLDER",
            ) from cause
        except OfflineModeIsEnabled as cause:
            raise InputError("cannot download", found="the library was told to stay offline", do="use --from FOLDER") from cause
        except (HfHubHTTPError, httpx2.HTTPError, OSError) as cause:
            if isinstance(cause, OSError) and cause.errno is not None:
                raise  # the disk's errors have a line of their own
            raise VoxError(
                "the download stopped", expected=f"{path} from {self.words}", found=_first_line(cause) or type(cause).__name__,
                do="run the same command again; it goes on where it was",
            ) from cause


def _download(session: Any, url: str, part: Path, size: int, progress: Progress, label: str) -> None:  # noqa: ANN401, PLR0913 - a client of the library
    """Fetch what is still missing of a file."""
    have = part.stat().st_size if part.is_file() else 0
    if size and have > size:
        part.unlink()
        have = 0
    progress.start(max(1, size >> 20), f"{label}{f', from {have >> 20} MB on' if have else ''}")
    progress.advance(have >> 20)
    if not size or have < size:
        headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
        with session.stream("GET", url, headers=headers, follow_redirects=True) as answer:
            answer.raise_for_status()
            goes_on = answer.status_code == 206
            with part.open("ab" if goes_on else "wb") as out:
                done = out.tell()
                for block in answer.iter_bytes(_BLOCK_BYTES):
                    out.write(block)
                    progress.advance(((done + len(block)) >> 20) - (done >> 20))
                    done += len(block)
                    if done > (size or _MOST_BYTES):
                        raise CorruptFileError("a file of the set is longer than the host said", expected=f"{size} bytes", found=label)
    progress.finish()


def _checked(part: Path, target: Path, file: PublicFile, stated: str) -> Fetched:
    """The finished file under its name, if its hash is the published one, or else the one the host states."""
    digest = sha256_file(part)
    right = digest == file.sha256 if file.sha256 else True
    if _SHA256.fullmatch(stated):
        right = right and digest == stated
    elif _GIT_SHA1.fullmatch(stated) and not file.sha256:
        right = _git_sha1(part) == stated
    if not right:
        part.unlink()
        raise _not_published(file, digest) if file.sha256 else CorruptFileError(
            "the download is damaged", expected=f"{file.path} with {stated[:16]}", found=digest[:16], do="run the same command again"
        )
    part.replace(target)
    return Fetched(target, digest, True if file.sha256 else None)


def _git_sha1(path: Path) -> str:
    """The name that git gives the content of a file."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _not_published(file: PublicFile, found: str) -> CorruptFileError:
    return CorruptFileError(
        f"{file.path} is not the published file", expected=f"sha256 {file.sha256[:16]}...", found=f"{found[:16]}...",
        do="use another --endpoint",
    )


def _first_line(cause: BaseException) -> str:
    return str(cause).strip().partition("\n")[0][:200]
