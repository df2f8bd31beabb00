"""A base model is trained from a manifest folder, goes on after a kill as if nothing had happened, and speaks."""

import dataclasses
import json

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from tiny_corpus import make_tiny_corpus
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.cli.train import train
from voxcommons.models import configs
from voxcommons.models.build import load_base
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.acoustic import AcousticRecipe
from voxcommons.train.autoencoder import AutoencoderRecipe
from voxcommons.train.base_model import STAGES, BaseSizes, BaseTraining
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import ContentRecipe
from voxcommons.train.semantic import SemanticRecipe
from voxcommons.train.state import Checkpoints

SIZES = BaseSizes(
    configs.content_tiny(),
    dataclasses.replace(configs.text_to_semantic_tiny(), bert_dim=None),
    configs.semantic_to_wave_tiny(),
    configs.DiscriminatorConfig((2,), (2, 2, 4, 4, 4), (2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)),
)
RECIPE = BaseRecipe(
    left_out=(),
    content=ContentRecipe(steps=4, batch_seconds=8, easy_steps=2, easy_batch_seconds=6, save_every=2, test_every=4),
    autoencoder=AutoencoderRecipe(steps=2, items=2, crop_frames=60, segment_frames=20, reference_frames=50, save_every=1),
    acoustic=AcousticRecipe(steps=4, adversarial_from=2, batch_seconds=8, segment_frames=20, save_every=2, test_every=4, reference_s=1.0),
    semantic=SemanticRecipe(steps=4, batch_seconds=8, easy_steps=2, easy_longest_s=3.0, save_every=2, test_every=4),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A whole run of every stage at toy size, and the exported model."""
    folder = tmp_path_factory.mktemp("train")
    run = BaseTraining(make_tiny_corpus(folder / "data"), folder / "run", RECIPE, SIZES)
    run.run()
    run.export(folder / "base")
    return folder


def weights(folder, stage):
    return load_file(Checkpoints(folder / stage).newest() / f"{stage}.safetensors")


def test_every_stage_leaves_a_checkpoint_and_a_picture_of_its_curves(trained):
    for stage in STAGES:
        assert Checkpoints(trained / "run" / stage).newest().name in ("step-00000004", "step-00000002")
    for stage in ("content", "acoustic", "semantic"):
        assert (trained / "run" / f"{stage}.png").read_bytes().startswith(b"\x89PNG")


def test_figures_on_unseen_speakers_are_recorded_per_language(trained):
    last = {stage: Checkpoints(trained / "run" / stage).curves()[-1] for stage in ("content", "acoustic", "semantic")}
    assert {"phoneme_error_en", "phoneme_error_zh", "codes_used"} <= last["content"].keys()
    assert {"unseen_prior_en", "unseen_prior_zh"} <= last["acoustic"].keys()
    assert {"unseen_loss_en", "unseen_top3_zh"} <= last["semantic"].keys()


def test_the_exported_model_loads_and_makes_sound_of_the_right_length(trained):
    base = load_base(trained / "base")
    codes = base.content.tokens(torch.randn(1, 16000) * 0.1)
    assert codes.shape == (1, 25)
    ge = torch.zeros(1, base.facts.semantic_to_wave.gin, 1)
    wave = base.semantic_to_wave.decode(codes, torch.tensor([[5, 6, 7]]), ge, noise_scale=0.0)
    assert wave.shape == (1, 1, 25 * 2 * base.hop)
    assert wave.isfinite().all()


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_to_the_same_weights(trained, tmp_path, stage):
    """Stopped half-way and started again, a stage ends with the very numbers of the run that was never stopped."""
    for name in ("corpus", *STAGES):  # the earlier stages of the whole run
        if name != stage:
            (tmp_path / name).symlink_to(trained / "run" / name)
    half = dataclasses.replace(getattr(RECIPE, stage), save_every=1)
    recipe = dataclasses.replace(RECIPE, **{stage: half})
    run = BaseTraining(trained / "data", tmp_path, recipe, SIZES, progress=StopsAfter(half.steps // 2))
    with pytest.raises(KeyboardInterrupt):
        run.run([stage])
    BaseTraining(trained / "data", tmp_path, recipe, SIZES).run([stage])
    whole, resumed = weights(trained / "run", stage), weights(tmp_path, stage)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    if stage == "content":
        strip = [{k: v for k, v in line.items() if k != "time"} for line in Checkpoints(tmp_path / stage).curves()]
        assert strip == [{k: v for k, v in line.items() if k != "time"} for line in Checkpoints(trained / "run" / stage).curves()]


class StopsAfter:
    """A listener that behaves like Ctrl-C during the step after ``count`` finished ones."""

    def __init__(self, count):
        self.left, self.label = count, ""

    def start(self, total, label):
        self.label = label

    def advance(self, n=1):
        if not self.label.startswith("training"):
            return
        self.left -= n
        if self.left < 0:
            raise KeyboardInterrupt

    def note(self, text):
        pass

    def finish(self):
        pass


def test_training_moves_the_weights_it_starts_from(trained):
    torch.manual_seed(RECIPE.semantic.seed)
    fresh = TextToSemantic(**dataclasses.asdict(SIZES.text_to_semantic)).state_dict()
    after = weights(trained / "run", "semantic")
    assert fresh.keys() == after.keys()
    assert all(tensor.isfinite().all() and not torch.equal(tensor, fresh[name]) for name, tensor in after.items())


def test_a_checkpoint_of_other_sizes_is_refused_in_one_line(trained, tmp_path):
    other = dataclasses.replace(SIZES, content=dataclasses.replace(SIZES.content, width=32))
    run = BaseTraining(trained / "data", trained / "run", RECIPE, other)
    with pytest.raises(CorruptFileError, match="does not fit this recipe"):
        run.run(["content"])


def test_exporting_before_training_says_which_stage_is_missing(tmp_path):
    with pytest.raises(InputError, match="stage content has not been trained"):
        BaseTraining(tmp_path, tmp_path / "run", RECIPE, SIZES).export(tmp_path / "base")


def test_the_command_names_every_fault_of_a_recipe(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("left_out = 3\n[content]\nstepps = 3\nsteps = -1\n[semantics]\nsteps = 1\n", encoding="utf-8")
    result = CliRunner().invoke(train, ["base", "--data", str(tmp_path), "--out", str(tmp_path / "o"), "--recipe", str(recipe)])
    assert result.exit_code != 0
    for fault in ("left_out = 3", "unknown field content.stepps", "content.steps = -1", "unknown section semantics"):
        assert fault in str(result.exception)


def test_curves_are_json_lines_with_step_and_time(trained):
    for line in (trained / "run" / "content" / "curves.jsonl").read_text(encoding="utf-8").splitlines():
        assert {"step", "time"} <= json.loads(line).keys()
