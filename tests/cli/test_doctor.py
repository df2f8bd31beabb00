"""`vox doctor` says whether speaking works here, and what to do where it does not."""

import json

import pytest

from voxcommons.base.settings import Settings
from voxcommons.cli import doctor
from voxcommons.cli.main import main
from voxcommons.cli.verbs import LIBRARIES


def _report(capsys, settings):
    code = main(["doctor", "--json"], settings)
    report = json.loads(capsys.readouterr().out)
    return code, report, {finding["name"]: finding for finding in report["findings"]}


def test_a_whole_installation_speaks(capsys, home):
    code, report, findings = _report(capsys, Settings(home=home))
    assert (code, report["speaks"]) == (0, True), findings
    assert findings["base model"]["detail"].startswith("starter")
    assert findings["torch"]["detail"].startswith("2.")


def test_looking_changes_nothing(capsys, home):
    absent = home / "not" / "yet"
    _, _, findings = _report(capsys, Settings(home=absent))
    assert findings["user data"]["state"] == "ok"
    assert list(home.iterdir()) == []


def test_a_missing_core_library_is_named_with_its_command(capsys, home, monkeypatch):
    monkeypatch.setattr(doctor, "LIBRARIES", {**LIBRARIES, "absent_library": ("", "absent-library")})
    code, report, findings = _report(capsys, Settings(home=home))
    assert (code, report["speaks"]) == (2, False)
    assert findings["absent-library"] == {
        "name": "absent-library", "state": "wrong", "detail": "not installed", "do": "pip install absent-library",
    }  # fmt: skip


def test_a_missing_extra_is_named_and_does_no_harm(capsys, home, monkeypatch):
    monkeypatch.setattr(doctor, "LIBRARIES", {"absent_library": ("evaluate", "absent-library")})
    _, _, findings = _report(capsys, Settings(home=home))
    assert findings["absent-library (for evaluate)"]["state"] == "absent"
    assert findings["absent-library (for evaluate)"]["do"] == 'pip install "voxcommons[evaluate]"'


def test_a_place_that_cannot_be_written_is_wrong(capsys):
    code, _, findings = _report(capsys, Settings(home=__import__("pathlib").Path("/proc/nowhere")))
    assert code == 2
    assert findings["user data"]["state"] == "wrong" or findings["free space"]["state"] == "wrong"
    assert "VOX_HOME" in findings["user data"]["do"] + findings.get("free space", {"do": ""})["do"]


def test_a_damaged_base_model_is_reported_and_not_raised(capsys, home, monkeypatch):
    from voxcommons.base.errors import CorruptFileError

    def damaged():
        raise CorruptFileError("the base model is damaged", found="another hash", do="install voxcommons again")

    monkeypatch.setattr(doctor, "_base_model", damaged)
    code, _, findings = _report(capsys, Settings(home=home))
    assert code == 2
    assert findings["base model"]["state"] == "wrong"
    assert "install voxcommons again" in findings["base model"]["detail"]


@pytest.mark.parametrize(("language", "words"), [("en", "ready to speak"), ("zh", "说话")])
def test_without_json_it_is_lines_for_people(capsys, home, language, words):
    main(["doctor"], Settings(home=home, language_of_messages=language))
    lines = capsys.readouterr().out.splitlines()
    assert words in lines[-1]
    assert any(line.startswith("ok ") and "torch" in line for line in lines)
