"""Recipes are files that teach, are read back strictly, and stay beside what was trained with them."""

import dataclasses
import tomllib

import pytest
from click.testing import CliRunner

from voxcommons.base.errors import ConfigError, InputError
from voxcommons.cli.train import train
from voxcommons.train.base_recipe import FILES, BaseRecipe, read_recipes, write_recipes
from voxcommons.train.recipe_files import keep_recipe, read_recipe, text_of
from voxcommons.train.recipes import AcousticRecipe, ContentRecipe, FinishRecipe, SemanticRecipe, TimbreRecipe, VocoderRecipe

KINDS = (ContentRecipe, TimbreRecipe, VocoderRecipe, AcousticRecipe, FinishRecipe, SemanticRecipe)


class Notes:
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


def written(folder, text, name="content"):
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_command_writes_one_file_per_stage_that_reads_back_as_the_defaults(tmp_path):
    result = CliRunner().invoke(train, ["base", "--write-recipes", str(tmp_path / "mine")])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(f"{name}.toml" for name in FILES)
    assert read_recipes([tmp_path / "mine"]) == BaseRecipe()


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_stands_under_a_comment_that_says_what_it_may_be(kind):
    lines = text_of(kind(), "x").splitlines()
    keys = [number for number, line in enumerate(lines) if line and not line.startswith("#")]
    assert [lines[number].split(" = ")[0] for number in keys] == [each.name for each in dataclasses.fields(kind)]
    assert all(lines[number - 1].startswith("# ") for number in keys)
    assert "a whole number from 1" in "\n".join(lines)


def test_what_a_file_tells_is_taken_and_the_rest_keeps_its_default(tmp_path):
    path = written(tmp_path, "steps = 12\nbatch_seconds = 30\ncompile = true\nprecision = 'fp32'\n")
    recipe = read_recipes([path])
    assert recipe == dataclasses.replace(
        BaseRecipe(), content=ContentRecipe(steps=12, batch_seconds=30.0, compile=True, precision="fp32")
    )
    assert isinstance(recipe.content.batch_seconds, float)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stepps = 3", "content.toml: stepps: expected a key of this recipe, found an unknown one"),
        ("steps = 0", "content.toml: steps: expected a whole number from 1, found 0"),
        ("steps = 2.5", "content.toml: steps: expected a whole number from 1, found 2.5"),
        ("steps = true", "content.toml: steps: expected a whole number from 1, found True"),
        ("batch_seconds = '40'", "content.toml: batch_seconds: expected a number from 0.1, found '40'"),
        ("batch_seconds = nan", "content.toml: batch_seconds: expected a number from 0.1, found nan"),
        ("clean_share = 1.5", "content.toml: clean_share: expected a number from 0 to 1, found 1.5"),
        ("compile = 1", "content.toml: compile: expected true or false, found 1"),
        ("precision = 'fp64'", "content.toml: precision: expected one of auto, bf16, fp32, found 'fp64'"),
        ("shortest_s = 20", "content.toml: shortest_s: expected at most longest_s (14.0), found 20"),
    ],
)
def test_a_fault_is_one_line_with_key_expected_and_found(tmp_path, line, said):
    with pytest.raises(ConfigError) as caught:
        read_recipe(written(tmp_path, line), ContentRecipe())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    written(tmp_path, "steps = -1\nseed = 'x'\n")
    written(tmp_path, "left_out = 3\n", "base")
    with pytest.raises(ConfigError) as caught:
        read_recipes([tmp_path])
    assert len(caught.value.faults) == 3


def test_a_file_that_names_no_stage_and_a_folder_without_recipes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"found no \.toml file"):
        read_recipes([tmp_path])
    with pytest.raises(InputError, match=r"found kontent\.toml"):
        read_recipes([written(tmp_path, "", "kontent")])
    with pytest.raises(InputError, match="cannot read the recipe"):
        read_recipes([written(tmp_path, "steps =")])


def test_written_recipes_replace_nothing(tmp_path):
    with pytest.raises(InputError, match="already there"):
        write_recipes(tmp_path)


def test_a_run_that_goes_on_with_another_recipe_says_which_keys_differ_and_keeps_both(tmp_path):
    notes = Notes()
    keep_recipe(ContentRecipe(), tmp_path, 0, notes)
    keep_recipe(ContentRecipe(), tmp_path, 200, notes)
    assert notes.lines == []
    keep_recipe(ContentRecipe(steps=6000, peak_rate=5e-4), tmp_path, 400, notes)
    [line] = notes.lines
    assert line.endswith("goes on from step 400 with another recipe: peak_rate 0.001 -> 0.0005, steps 5200 -> 6000")
    assert tomllib.loads((tmp_path / "recipe.toml").read_text())["steps"] == 6000
    assert tomllib.loads((tmp_path / "recipe-until-00000400.toml").read_text())["steps"] == 5200


def test_an_endless_number_survives_its_file(tmp_path):
    recipe = ContentRecipe(peak_rate=1 / 3, weight_decay=3e-7)
    assert read_recipe(written(tmp_path, text_of(recipe, "x")), ContentRecipe()) == recipe
