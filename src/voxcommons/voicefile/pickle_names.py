"""What the names in a checkpoint mean: the whole list of what a file may name, and the plain value each stands for.

Apart from the interpreter because this is the list that is read when someone asks what a file can do here. Nothing on it is
imported; a tensor, an ordered dictionary, a path or a record becomes a value of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from voxcommons.voicefile.pickle_tokens import refused
from voxcommons.voicefile.tensor_view import DTYPES, STORAGE_TYPES, TensorView, make_view

_LONGEST_PATH_CHARS: Final = 4096
_KEYS: Final = (str, int, float, bool, bytes, type(None))
Value = Any


class Record(dict[str, Value]):
    """What a file stores as an object with attributes: only its attributes."""


class OrderedRecord(dict[Value, Value]):
    """An ordered dictionary; its own attributes (a state dict's `_metadata`) are dropped."""


class Name:
    """A name from the allowed list; a word, not what it stands for."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


RECORDS: Final = frozenset({
    "utils.HParams", "GPT_SoVITS.utils.HParams", "module.utils.HParams", "argparse.Namespace", "types.SimpleNamespace",
})  # fmt: skip
_PATHS: Final = frozenset(
    f"{module}.{kind}"
    for module in ("pathlib", "pathlib._local")
    for kind in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
)
_BUILTINS: Final = ("builtins", "__builtin__")
_FACTORIES: Final = frozenset(f"{module}.{kind}" for module in _BUILTINS for kind in ("dict", "list", "int", "float", "str"))
_SETS: Final = frozenset(f"{module}.{kind}" for module in _BUILTINS for kind in ("set", "frozenset"))
_ORDERED: Final = "collections.OrderedDict"
STORAGES: Final[Mapping[str, str]] = {
    f"{module}.{kind}": dtype
    for module in ("torch", "torch.cuda", "torch.storage")
    for kind, dtype in STORAGE_TYPES.items()
    if not (module == "torch.cuda" and kind == "UntypedStorage")
}
_DTYPES: Final[Mapping[str, str]] = {f"torch.{name}": dtype for name, dtype in DTYPES.items()}


def key_of(value: Value) -> Value:
    """A key whose hash costs nothing; nested tuples could make a short file hash for ever."""
    if type(value) not in _KEYS:
        raise refused("a key that is neither text nor a number")
    return value


def _ordered(arguments: tuple[Value, ...]) -> OrderedRecord:
    made = OrderedRecord()
    if not arguments:
        return made
    (pairs,) = arguments if len(arguments) == 1 else (None,)
    if type(pairs) is not list:
        raise refused("an ordered dictionary of what are not pairs")
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise refused("an ordered dictionary of what are not pairs")
        made[key_of(pair[0])] = pair[1]
    return made


def _counter(arguments: tuple[Value, ...]) -> OrderedRecord:
    if len(arguments) == 1 and type(arguments[0]) is dict:
        return OrderedRecord(arguments[0])
    if arguments:
        raise refused("a counter of what is not a dictionary")
    return OrderedRecord()


def _defaultdict(arguments: tuple[Value, ...]) -> OrderedRecord:
    if len(arguments) > 1 or (arguments and not isinstance(arguments[0], Name | type(None))):
        raise refused("a dictionary with a default that is not a type")
    return OrderedRecord()


def _set(arguments: tuple[Value, ...]) -> set[Value]:
    if len(arguments) != 1 or type(arguments[0]) not in (list, tuple):
        raise refused("a set of what is not a list")
    return {key_of(item) for item in arguments[0]}


def _path(arguments: tuple[Value, ...]) -> str:
    if not all(type(part) is str for part in arguments) or sum(len(part) for part in arguments) > _LONGEST_PATH_CHARS:
        raise refused("a path that is not text, or not short")
    return "/".join(arguments)


def _size(arguments: tuple[Value, ...]) -> tuple[int, ...]:
    if len(arguments) != 1 or type(arguments[0]) not in (list, tuple) or not all(type(item) is int for item in arguments[0]):
        raise refused("a size that is not numbers")
    return tuple(arguments[0])


def _device(arguments: tuple[Value, ...]) -> str:
    if not 1 <= len(arguments) <= 2 or type(arguments[0]) is not str or (len(arguments) == 2 and type(arguments[1]) is not int):
        raise refused("a device that is not text")
    return ":".join(str(part)[:64] for part in arguments)


def _tensor(arguments: tuple[Value, ...]) -> TensorView:
    """storage, offset, shape, stride, then what only training needs (gradient flag, hooks, notes)."""
    if not 4 <= len(arguments) <= 7 or not _no_hooks(arguments[5:6]):
        raise refused("a tensor that is not described as one")
    return make_view(*arguments[:4])


def _typed_tensor(arguments: tuple[Value, ...]) -> TensorView:
    """As `_tensor`, with a type in the seventh place."""
    kind = arguments[6] if 7 <= len(arguments) <= 8 else None
    if not isinstance(kind, Name) or kind.text not in _DTYPES or not _no_hooks(arguments[5:6]):
        raise refused("a tensor that is not described as one")
    storage, offset, shape, stride = arguments[:4]
    return make_view(storage, offset, shape, stride, _DTYPES[kind.text])


def _parameter(arguments: tuple[Value, ...]) -> TensorView:
    if len(arguments) != 3 or not isinstance(arguments[0], TensorView) or not _no_hooks(arguments[2:]):
        raise refused("a parameter that is not a tensor")
    return arguments[0]


def _no_hooks(hooks: tuple[Value, ...]) -> bool:
    return not hooks or hooks[0] is None or (isinstance(hooks[0], dict) and not hooks[0])


MAKERS: Final[Mapping[str, Callable[[tuple[Value, ...]], Value]]] = {
    _ORDERED: _ordered,
    "collections.Counter": _counter,
    "collections.defaultdict": _defaultdict,
    "torch.Size": _size,
    "torch.device": _device,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _parameter,
    **dict.fromkeys(_SETS, _set),
    **dict.fromkeys(_PATHS, _path),
}
ALLOWED: Final = frozenset(MAKERS) | RECORDS | _FACTORIES | frozenset(STORAGES) | frozenset(_DTYPES)
