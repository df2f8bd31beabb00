"""A voice's own tensors over a loaded base model: the same networks as read from the disk, and the rest shared."""

from dataclasses import replace

import pytest
import torch

from tiny_base import make_tiny_base
from tuned_voices import TENSORS, moved
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.models.build import OwnWeights, load_base, save_base
from voxcommons.models.overlay import overlaid

FLOW = "semantic_to_wave.flow.flows.2.enc.res_skip_layers.1"
PARTS = ("text_to_semantic", "semantic_to_wave")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(acoustic="vits", for_training=True), folder)
    return folder


@pytest.fixture(scope="module")
def base(folder):
    return load_base(folder)


def own(base, tensors) -> OwnWeights:
    return OwnWeights("1" * 64, base.sha256, tensors)


@pytest.mark.parametrize(
    "names",
    [
        TENSORS,
        (f"{FLOW}.weight_g",),  # one half of a weight: the other is only in the file
        (f"{FLOW}.weight_v",),
        (f"{FLOW}.weight_g", f"{FLOW}.weight_v", f"{FLOW}.bias"),
        ("semantic_to_wave.dec.ups.1.weight_v",),
        ("semantic_to_wave.quantizer.vq.layers.0._codebook.embed",),
    ],
)
def test_it_is_what_loading_it_gives_and_the_rest_is_shared(folder, base, names):
    given = own(base, moved(folder, names))
    made, loaded = overlaid(base, given), load_base(folder, own_weights=given)
    assert made.own_weights == loaded.own_weights == given.sha256
    assert (made.sha256, made.content) == (base.sha256, base.content)
    changed = set()
    for part in PARTS:
        plain, ours, theirs = (getattr(one, part).state_dict() for one in (base, made, loaded))
        assert list(ours) == list(theirs)
        for name, tensor in ours.items():
            assert torch.equal(tensor, theirs[name]), name
            if tensor.data_ptr() != plain[name].data_ptr():
                changed.add(f"{part}.{name}")
    assert changed == {f"{name.rpartition('.')[0]}.weight" if name.endswith(("_g", "_v")) else name for name in names}
    assert not any(tensor.requires_grad for part in PARTS for tensor in getattr(made, part).parameters())


def test_the_base_model_stays_as_it_is(folder):
    base, untouched = load_base(folder), load_base(folder)
    overlaid(base, own(base, moved(folder, (*TENSORS, f"{FLOW}.weight_v"))))
    assert base.own_weights is None
    for part in PARTS:
        for name, tensor in getattr(base, part).state_dict().items():
            assert torch.equal(tensor, getattr(untouched, part).state_dict()[name])


def test_what_does_not_fit_is_refused_with_every_fault(folder, base):
    with pytest.raises(InputError, match="belong to another base model"):
        overlaid(base, OwnWeights("", "0" * 64, {}))
    wave = "semantic_to_wave"
    faults = {f"{wave}.x.y": torch.zeros(3), f"{wave}.dec.conv_pre.bias": torch.zeros(1), f"{FLOW}.weight_g": torch.zeros(3)}
    with pytest.raises(CorruptFileError) as caught:
        overlaid(base, own(base, faults))
    for said in ("unknown tensor x.y", "dec.conv_pre.bias has shape (1,)", f"{FLOW.partition('.')[2]}.weight_g"):
        assert said in str(caught.value)
    name = f"{wave}.dec.conv_post.weight"
    with pytest.raises(CorruptFileError, match=r"dec\.conv_post\.weight is not finite"):
        overlaid(base, own(base, {name: moved(folder, (name,))[name] * float("inf")}))


def test_half_a_weight_needs_the_file_of_the_other(folder, base):
    with pytest.raises(CorruptFileError, match="no halves of"):
        overlaid(replace(base, folder=None), own(base, moved(folder, (f"{FLOW}.weight_g",))))
