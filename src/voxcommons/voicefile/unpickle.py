"""Foreign checkpoints without running them: an interpreter of pickle streams that knows data and nothing else.

`pickle` imports and calls whatever a file names; that is how a voice file takes over a machine. Here a name is a word that
is looked up in a short list and never resolved; the few that a checkpoint needs (tensors, ordered dictionaries, paths, plain
records) have a meaning written in `pickle_names`, everything else ends the reading. Opcodes that plain weights do not need are
refused too, and every step is counted, so that a small file cannot make much work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from voxcommons.voicefile.pickle_names import ALLOWED, MAKERS, RECORDS, STORAGES, Name, OrderedRecord, Record, Value, key_of
from voxcommons.voicefile.pickle_tokens import MOST_NAME_CHARS, Token, refused, token_at
from voxcommons.voicefile.tensor_view import Storage

MOST_STEPS: Final = 500_000
MOST_NESTING: Final = 500


class Machine:
    """Runs pickle streams.

    Args:
        storage_of: makes a storage from what a stream says about it: (type, key, length in items or None for bytes without a type
            as given). It refuses what the file does not hold.

    Attributes:
        names: every name met, in order, allowed or not.
    """

    def __init__(self, storage_of: Callable[[str, str, int], Storage]) -> None:
        self._storage_of = storage_of
        self._steps = 0
        self._stack: list[Value] = []
        self._marks: list[int] = []
        self._memo: dict[int, Value] = {}
        self.names: dict[str, None] = {}

    def run(self, data: bytes, at: int = 0) -> tuple[Value, int]:
        """Read one stream.

        Args:
            data: bytes that hold it.
            at: where it starts.

        Returns:
            (what it says, position after its STOP). Containers are dict (or `Record`, `OrderedRecord`), list, tuple, set; leaves are
            None, bool, int, float, str, bytes, `TensorView` and, where a file stores a type, `Name`. They may be shared or
            contain themselves: walk them with care.

        Raises:
            RefusedFileError: the stream holds anything but data, is damaged, or makes too much work.
        """
        self._stack, self._marks, self._memo = [], [], {}
        frame_end: int | None = None
        first = True
        while True:
            token = token_at(data, at)
            if first and token.name != "PROTO":
                raise refused("a pickle that does not name its protocol")
            at = token.end
            frame_end = _frame(token, frame_end, len(data))
            self._spend(1)
            if token.name == "STOP":
                if len(self._stack) != 1 or self._marks:
                    raise refused("a pickle that stops half-way")
                return self._stack.pop(), at
            self._step(token, first)
            first = False

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise refused(f"a pickle of more than {MOST_STEPS} steps")

    def _step(self, token: Token, first: bool) -> None:
        name, argument = token.name, token.argument
        if name in _PUSHED:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name == "PROTO":
            if not first or argument not in (2, 3, 4, 5):
                raise refused(f"pickle protocol {argument!r}" if first else "a protocol in the middle of a pickle")
        elif name == "FRAME":
            pass
        else:
            handler = _HANDLERS.get(name)
            if handler is None:
                raise refused(f"the pickle opcode {name}, which weights do not need")
            handler(self, argument)

    # --- stack --------------------------------------------------------------------------------------------------------

    def _pop(self) -> Value:
        floor = self._marks[-1] if self._marks else 0
        if len(self._stack) <= floor:
            raise refused("a pickle that takes more than it gave")
        return self._stack.pop()

    def _top(self) -> Value:
        value = self._pop()
        self._stack.append(value)
        return value

    def _since_mark(self) -> list[Value]:
        if not self._marks:
            raise refused("a pickle that takes more than it gave")
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        self._spend(len(items))
        return items

    def _mark(self, _: object) -> None:
        if len(self._marks) >= MOST_NESTING:
            raise refused(f"more than {MOST_NESTING} nested parts")
        self._marks.append(len(self._stack))

    def _pop_one(self, _: object) -> None:
        self._pop()

    def _pop_mark(self, _: object) -> None:
        self._since_mark()

    # --- containers ---------------------------------------------------------------------------------------------------

    def _tuple(self, _: object) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _tuple_of(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._stack.append(tuple(reversed(items)))

    def _append(self, _: object) -> None:
        item = self._pop()
        self._as_list().append(item)

    def _appends(self, _: object) -> None:
        items = self._since_mark()
        self._as_list().extend(items)

    def _as_list(self) -> list[Value]:
        target = self._top()
        if type(target) is not list:
            raise refused("items for what is not a list")
        return target

    def _setitem(self, _: object) -> None:
        value, key = self._pop(), self._pop()
        self._put([key, value])

    def _setitems(self, _: object) -> None:
        self._put(self._since_mark())

    def _put(self, pairs: list[Value]) -> None:
        target = self._top()
        if type(target) not in (dict, OrderedRecord) or len(pairs) % 2:
            raise refused("entries for what is not a dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[key_of(key)] = value

    def _additems(self, _: object) -> None:
        items = self._since_mark()
        target = self._top()
        if type(target) is not set:
            raise refused("members for what is not a set")
        target.update(key_of(item) for item in items)

    def _frozenset(self, _: object) -> None:
        self._stack.append(frozenset(key_of(item) for item in self._since_mark()))

    # --- memo ---------------------------------------------------------------------------------------------------------

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise refused("a pickle that refers to what it never said")
        self._stack.append(self._memo[index])

    def _put_memo(self, index: int) -> None:
        self._memo[index] = self._top()

    def _memoize(self, _: object) -> None:
        self._memo[len(self._memo)] = self._top()

    # --- names and what may be made of them ---------------------------------------------------------------------------

    def _global(self, argument: object) -> None:
        assert isinstance(argument, tuple)
        self._stack.append(self._named(*argument))

    def _stack_global(self, _: object) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise refused("a name that is not text")
        self._stack.append(self._named(module, name))

    def _named(self, module: str, name: str) -> Name:
        if len(module) + len(name) > MOST_NAME_CHARS:
            raise refused(f"a name of {len(module) + len(name)} characters")
        text = f"{module}.{name}"
        self.names[text] = None
        if text not in ALLOWED:
            raise refused(f"the name {text}, which is not data")
        return Name(text)

    def _reduce(self, _: object) -> None:
        arguments, target = self._pop(), self._pop()
        if not isinstance(target, Name) or type(arguments) is not tuple:
            raise refused("a call of what is not a name")
        maker = MAKERS.get(target.text)
        if maker is None:
            raise refused(f"a call of {target.text}")
        self._spend(len(arguments))
        self._spend(sum(len(part) for part in arguments if isinstance(part, list | tuple | dict | set | str)))
        self._stack.append(maker(arguments))

    def _newobj(self, _: object) -> None:
        arguments, target = self._pop(), self._pop()
        if not isinstance(target, Name) or target.text not in RECORDS or arguments != ():
            raise refused(f"an object of {target.text if isinstance(target, Name) else 'what is not a name'}")
        self._stack.append(Record())

    def _build(self, _: object) -> None:
        state, target = self._pop(), self._top()
        if type(state) is not dict or type(target) not in (Record, OrderedRecord):
            raise refused("attributes for what has none")
        self._spend(len(state))
        if type(target) is Record:
            if not all(type(key) is str for key in state):
                raise refused("attributes without names")
            target.update(state)

    def _persistent(self, _: object) -> None:
        told = self._pop()
        if type(told) is not tuple or len(told) not in (5, 6) or told[0] != "storage":
            raise refused("a reference that is not a storage")
        kind, key, place, count = told[1:5]
        known = isinstance(kind, Name) and kind.text in STORAGES
        if not known or type(key) is not str or type(place) is not str or type(count) is not int or count < 0:
            raise refused("a storage that is not described as one")
        if len(told) == 6 and told[5] is not None:
            raise refused("a storage inside another storage")
        self._stack.append(self._storage_of(STORAGES[kind.text], key, count))


def _frame(token: Token, frame_end: int | None, size: int) -> int | None:
    """Where the current frame ends; frames must hold whole opcodes and not overlap."""
    if token.name == "FRAME":
        assert isinstance(token.argument, int)
        if frame_end is not None or token.argument > size - token.end:
            raise refused("frames that overlap")
        return token.end + token.argument
    if frame_end is None or token.end < frame_end:
        return frame_end
    if token.end > frame_end:
        raise refused("an opcode that straddles two frames")
    return None


_PUSHED: Final = frozenset({
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
})  # fmt: skip
_CONSTANTS: Final[Mapping[str, Value]] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY: Final[Mapping[str, Callable[[], Value]]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_HANDLERS: Final[Mapping[str, Callable[[Machine, Any], None]]] = {
    "MARK": Machine._mark, "POP": Machine._pop_one, "POP_MARK": Machine._pop_mark, "TUPLE": Machine._tuple,
    "TUPLE1": lambda machine, _: machine._tuple_of(1), "TUPLE2": lambda machine, _: machine._tuple_of(2),
    "TUPLE3": lambda machine, _: machine._tuple_of(3), "APPEND": Machine._append, "APPENDS": Machine._appends,
    "SETITEM": Machine._setitem, "SETITEMS": Machine._setitems, "ADDITEMS": Machine._additems, "FROZENSET": Machine._frozenset,
    "BINGET": Machine._get, "LONG_BINGET": Machine._get, "BINPUT": Machine._put_memo, "LONG_BINPUT": Machine._put_memo,
    "MEMOIZE": Machine._memoize, "GLOBAL": Machine._global, "STACK_GLOBAL": Machine._stack_global, "REDUCE": Machine._reduce,
    "NEWOBJ": Machine._newobj, "BUILD": Machine._build, "BINPERSID": Machine._persistent,
}  # fmt: skip
