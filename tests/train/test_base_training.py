"""A base model is trained from a manifest folder, leaves figures and pictures behind, and speaks."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file

from stopped_training import RECIPE, SIZES
from tiny_corpus import vowel
from voxcommons.base.errors import CorruptFileError, InputError, MissingExtraError
from voxcommons.cli.train import SpeakerTeacher
from voxcommons.models.build import load_base
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.base_model import STAGES, BaseTraining
from voxcommons.train.curves import draw_curves
from voxcommons.train.state import Checkpoints


def weights(folder, stage):
    return load_file(Checkpoints(folder / stage).newest() / f"{stage}.safetensors")


def test_every_stage_leaves_a_checkpoint_and_a_picture_of_its_curves(trained):
    for stage in STAGES:
        assert Checkpoints(trained / "run" / stage).newest().name == "step-00000007"
        assert (trained / "run" / f"{stage}.png").read_bytes().startswith(b"\x89PNG")


def test_figures_on_unseen_speakers_are_recorded_per_language(trained):
    last = {stage: Checkpoints(trained / "run" / stage).curves()[-1] for stage in STAGES}
    assert {"phoneme_error_en", "phoneme_error_zh", "codes_used"} <= last["content"].keys()
    assert {"unseen_cosine_en", "unseen_right_zh"} <= last["timbre"].keys()
    assert {"unseen_mel_en", "unseen_mel_zh"} <= last["vocoder"].keys()
    assert {"unseen_mel_en", "unseen_pitch_zh", "unseen_voiced_en"} <= last["acoustic"].keys()
    assert {"unseen_mel_en", "unseen_predicted_en", "unseen_predicted_zh"} <= last["finish"].keys()
    assert {"unseen_loss_en", "unseen_top3_zh"} <= last["semantic"].keys()


def test_the_exported_model_loads_and_makes_sound_of_the_right_length(trained):
    base = load_base(trained / "base")
    codes = base.content.tokens(torch.randn(1, 16000) * 0.1)
    assert codes.shape == (1, 25)
    acoustic = base.semantic_to_wave
    ge = acoustic.describe([acoustic.hear(torch.randn(1, 16000) * 0.1, codes[0])])[None, :, None]
    wave = acoustic.decode(codes, torch.tensor([[5, 6, 7]]), ge)
    assert wave.shape == (1, 1, 25 * 2 * base.hop)
    assert wave.isfinite().all()


def test_training_moves_the_weights_it_starts_from(trained):
    torch.manual_seed(RECIPE.semantic.seed)
    fresh = TextToSemantic(**dataclasses.asdict(SIZES.text_to_semantic)).state_dict()
    after = weights(trained / "run", "semantic")
    assert fresh.keys() == after.keys()
    assert all(tensor.isfinite().all() and not torch.equal(tensor, fresh[name]) for name, tensor in after.items())


def test_the_exported_sound_comes_from_the_last_stage_that_taught_each_part(trained):
    shipped = load_base(trained / "base").semantic_to_wave
    for part, stage in ((shipped.timbre, "timbre"), (shipped.predictor, "acoustic"), (shipped.dec, "finish")):
        taught = load_file(Checkpoints(trained / "run" / stage).newest() / f"{stage}.average.safetensors")
        assert part.state_dict().keys() == taught.keys()
        assert all(torch.equal(tensor, taught[name].half().float()) for name, tensor in part.state_dict().items())


def test_the_finish_starts_from_what_the_generator_learned_before(trained):
    before, after = weights(trained / "run", "vocoder"), weights(trained / "run", "finish")
    assert before.keys() == after.keys()
    moved = [float((before[name] - after[name]).abs().max()) for name in before]
    assert 0 < max(moved) < 0.05  # seven steps, not another beginning


def test_critics_join_when_the_recipe_says(trained):
    lines = Checkpoints(trained / "run" / "finish").curves()
    per_step = {line["step"]: line["adversarial"] for line in lines if "adversarial" in line}
    assert 2.5 < per_step[6] / per_step[3] < 3.5  # of the first three steps only one had them


def test_without_a_teacher_stage_timbre_says_what_is_missing_in_one_line(trained, tmp_path):
    (tmp_path / "corpus").symlink_to(trained / "run" / "corpus")
    with pytest.raises(InputError, match="resemblyzer") as caught:
        BaseTraining(trained / "data", tmp_path, RECIPE, SIZES).run(["timbre"])
    assert "\n" not in str(caught.value)


def test_the_command_teaches_with_the_speaker_encoder_of_the_evaluation():
    try:
        vector = SpeakerTeacher()(vowel(1, 2.0), 16000)
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert vector.shape == (256,)
    assert float(vector @ vector) == pytest.approx(1.0, abs=1e-5)


def test_a_checkpoint_of_other_sizes_is_refused_in_one_line(trained, tmp_path):
    other = dataclasses.replace(SIZES, content=dataclasses.replace(SIZES.content, width=32))
    run = BaseTraining(trained / "data", trained / "run", RECIPE, other)
    with pytest.raises(CorruptFileError, match="does not fit this recipe"):
        run.run(["content"])


def test_exporting_before_training_says_which_stage_is_missing(tmp_path):
    with pytest.raises(InputError, match="stage content has not been trained"):
        BaseTraining(tmp_path, tmp_path / "run", RECIPE, SIZES).export(tmp_path / "base")


def test_curves_are_json_lines_with_step_and_time(trained):
    for line in (trained / "run" / "content" / "curves.jsonl").read_text(encoding="utf-8").splitlines():
        assert {"step", "time"} <= json.loads(line).keys()


def test_stage_b_draws_what_it_can_do_at_every_test(trained):
    drawn = sorted(path.name for path in (trained / "run" / "samples").iterdir())
    assert drawn == [f"{stage}-{step:08d}.png" for stage in ("acoustic", "finish", "vocoder") for step in (4, 7)]
    assert (trained / "run" / "samples" / drawn[0]).read_bytes().startswith(b"\x89PNG")


def test_the_picture_of_curves_shows_their_values(tmp_path):
    pictures = []
    for number, values in enumerate([(3.0, 2.0), (3.0, 2.0), (2.0, 3.0)]):
        lines = [{"step": step, "time": 0.0, "loss": value, "other": 1.0} for step, value in enumerate(values)]
        draw_curves(lines, "content", tmp_path / f"{number}.png")
        pictures.append((tmp_path / f"{number}.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]
