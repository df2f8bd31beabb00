"""Who decides Mandarin characters with several readings, as a user names it: the dictionaries, or the network g2pW that was installed.

Apart from the text room, which knows what to ask the network but neither where it lies nor what runs it. Importing this loads no
library, since every text comes by here and few need the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voxcommons.base.errors import CorruptFileError, InputError, MissingExtraError
from voxcommons.models.set_files import BERT, READINGS, VOCABULARY_FILE, damaged, json_of, set_of_kind, sets_folder
from voxcommons.voicefile.onnx_check import check_onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcommons.text.g2p.zh_g2pw import G2pwTables
    from voxcommons.text.g2p.zh_polyphones import Polyphones

DICTIONARY: Final = "dictionary"
CHOICES: Final = (DICTIONARY, READINGS)
_EXTRA: Final = "g2pw"
_NETWORK_FILE, _MANY_FILE, _SINGLE_FILE = "g2pw.onnx", "polyphonic_chars.txt", "monophonic_chars.txt"
_BOPOMOFO_FILE: Final = "bopomofo_to_pinyin_wo_tune_dict.json"


def polyphones(name: str, home: Path, *, threads: int | None = None) -> Polyphones | None:
    """Who reads, by name.

    Args:
        name: one of `CHOICES`.
        home: VOX_HOME.
        threads: processor threads of the network; None leaves it to the runtime.

    Returns:
        None for the dictionaries, which need nobody.

    Raises:
        InputError: there is nobody of that name, or a set it needs is not installed.
        MissingExtraError: the library that runs the network is not installed.
        CorruptFileError: an installed set is damaged.
        RefusedFileError: the network asks for more than itself.
    """
    if name == DICTIONARY:
        return None
    if name != READINGS:
        raise InputError("nobody of that name reads Mandarin", expected=" or ".join(CHOICES), found=name)
    from voxcommons.text.g2p.zh_g2pw import G2pw

    folder, vocabulary = sets_folder(home) / READINGS, sets_folder(home) / BERT
    facts = set_of_kind(folder, "g2pw")
    set_of_kind(vocabulary, "bert")  # its vocabulary is the network's
    tables = _tables(folder, facts.config)
    network = _Runtime(folder / _NETWORK_FILE, threads)
    words = json_of(vocabulary / VOCABULARY_FILE)
    if not all(isinstance(row, int) for row in words.values()):
        raise damaged(vocabulary, f"{VOCABULARY_FILE} has rows that are no numbers")
    return G2pw(network, tables, words)


def _tables(folder: Path, config: Mapping[str, Any]) -> G2pwTables:
    from voxcommons.text.g2p.zh_g2pw import G2pwTables

    bopomofo = json_of(folder / _BOPOMOFO_FILE) if (folder / _BOPOMOFO_FILE).is_file() else {}
    window = config.get("window_size")
    try:
        return G2pwTables.read(
            (folder / _MANY_FILE).read_text(encoding="utf-8"),
            (folder / _SINGLE_FILE).read_text(encoding="utf-8") if (folder / _SINGLE_FILE).is_file() else "",
            {key: value for key, value in bopomofo.items() if isinstance(value, str)},
            label_has_character=config.get("use_char_phoneme") is True,
            masked=config.get("use_mask") is not False,
            window=window if isinstance(window, int) and 2 <= window <= 510 else 32,
        )
    except (CorruptFileError, OSError, UnicodeDecodeError) as cause:
        raise damaged(folder, cause.found if isinstance(cause, CorruptFileError) else str(cause)) from cause


class _Runtime:
    """The network in onnxruntime, on the processor.

    Args:
        path: the ONNX file; it is looked through before it is loaded.
        threads: as in `polyphones`.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        RefusedFileError: the file asks for more than itself.
        CorruptFileError: it is not this network.
    """

    def __init__(self, path: Path, threads: int | None) -> None:
        try:
            runtime = import_module("onnxruntime")
        except ModuleNotFoundError as cause:
            raise MissingExtraError("the readings network needs a library", extra=_EXTRA, found=f"no {cause.name}") from cause
        check_onnx(path)
        self._folder = path.parent
        state = runtime.capi.onnxruntime_pybind11_state
        self._mishaps: tuple[type[Exception], ...] = (
            state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NotImplemented,
            state.RuntimeException, RuntimeError, ValueError,
        )  # fmt: skip
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 4  # what goes wrong is told by the error
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except self._mishaps as cause:
            raise damaged(self._folder, f"{path.name}: {cause}") from cause
        from voxcommons.text.g2p.zh_g2pw import INPUTS

        outputs = self._session.get_outputs()
        strange = sorted({one.name for one in self._session.get_inputs()} ^ set(INPUTS))
        strange += [f"an output of {one.type}" for one in outputs[:1] if one.type != "tensor(float)"]
        if strange or not outputs:
            raise damaged(self._folder, f"{path.name} is another network: {', '.join(strange)}")
        self._output = outputs[0].name

    def __call__(self, arrays: Mapping[str, NDArray[np.generic]]) -> NDArray[np.float32]:
        """Probabilities [rows, labels]."""
        try:
            found: NDArray[np.float32] = self._session.run([self._output], dict(arrays))[0]
        except self._mishaps as cause:
            raise damaged(self._folder, f"{_NETWORK_FILE} cannot be run: {cause}") from cause
        return found
