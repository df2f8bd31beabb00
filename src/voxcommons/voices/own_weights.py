"""Reading the weights that a voice has of its own.

Apart from the library because it needs torch and the models, which listing voices must not load.
"""

from __future__ import annotations

from safetensors import SafetensorError, safe_open

from voxcommons.base.errors import CorruptFileError
from voxcommons.models.build import OwnWeights
from voxcommons.voicefile.delta import BASE_KEY
from voxcommons.voicefile.manifest import WEIGHTS_FILE
from voxcommons.voices.library import Voice


def own_weights(voice: Voice) -> OwnWeights | None:
    """The tensors in which a voice differs from its base model; None for a voice of features alone.

    Raises:
        CorruptFileError: the file is missing or damaged.
    """
    facts = voice.manifest.files.get(WEIGHTS_FILE)
    if facts is None:
        return None
    try:
        with safe_open(voice.folder / WEIGHTS_FILE, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
            return OwnWeights(facts.sha256, (file.metadata() or {}).get(BASE_KEY, ""), tensors)
    except (SafetensorError, OSError) as error:
        raise CorruptFileError(
            "the weights of the voice cannot be read", found=f"{voice.name}: {error}", do="import the voice again"
        ) from error
