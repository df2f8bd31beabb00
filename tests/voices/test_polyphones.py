"""From the published archive to another reading on the command line: pulled, checked, run, and every lack told in one line."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest

from tiny_base import add_tiny_voice, make_tiny_base
from tiny_g2pw import LABELS, tiny_network, write_g2pw
from tiny_server import running
from voxcommons.base.errors import CorruptFileError, InputError, MissingExtraError, RefusedFileError
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import load_base, save_base
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.polyphones import polyphones
from voxcommons.voices.set_install import pull
from voxcommons.voices.set_sources import FolderSource

pytest.importorskip("onnxruntime")
SETS = ("g2pw", "chinese-roberta-wwm-ext-large")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return write_g2pw(tmp_path_factory.mktemp("g2pw") / "published")


@pytest.fixture(scope="module")
def made(published, tmp_path_factory):
    home = tmp_path_factory.mktemp("made")
    for name in SETS:
        pull(name, FolderSource(published), home)
    return home


@pytest.fixture
def installed(home, made):
    shutil.copytree(made / "models", home / "models")
    return home


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main([*map(str, words)], Settings(home=home, threads=1))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_pulled_from_a_folder_it_gives_another_reading_on_the_command_line(vox, published):
    assert vox("models", "pull", *SETS, "--from", published)[0] == 0
    usual = vox("phonemes", "你行吗", "--lang", "zh")
    assert usual == vox("phonemes", "你行吗", "--lang", "zh", "--polyphones", "dictionary")
    assert usual[1].splitlines()[1].strip() == "n i3 x ing2 m a5"
    code, out, err = vox("phonemes", "你行吗", "--lang", "zh", "--polyphones", "g2pw")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].strip() == "n i3 h ang2 m a5"
    compat = json.loads(vox("phonemes", "你行吗。", "--compat", "--json", "--polyphones", "g2pw")[1])
    assert " ".join(compat["phones"]) == "n i3 h ang2 m a5 ."


def test_reading_with_it_needs_no_torch(installed):
    program = (
        "import sys; sys.modules['torch'] = None; from pathlib import Path; from voxcommons.base.settings import Settings; "
        "from voxcommons.cli.main import main; sys.exit(main(sys.argv[2:], Settings(home=Path(sys.argv[1]), threads=1)))"
    )
    words = ["phonemes", "你行吗", "--polyphones", "g2pw"]
    done = subprocess.run([sys.executable, "-c", program, str(installed), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n i3 h ang2 m a5" in done.stdout


def test_what_the_public_program_unpacked_and_the_archive_under_its_older_name_do_as_well(home, published, made, tmp_path):
    for place in ("unpacked", "renamed"):
        (tmp_path / place).mkdir()
    shutil.copy(published / "G2PWModel.zip", tmp_path / "renamed" / "G2PWModel_1.1.zip")
    with zipfile.ZipFile(published / "G2PWModel.zip") as archive:
        for name in archive.namelist():
            (tmp_path / "unpacked" / name.split("/")[1]).write_bytes(archive.read(name))
    (tmp_path / "unpacked" / "__pycache__").mkdir()
    usual = json.loads((made / "models" / "g2pw" / "set.json").read_text())
    for place, file in (("unpacked", "g2pW.onnx"), ("renamed", "G2PWModel_1.1.zip")):
        done = pull("g2pw", FolderSource(tmp_path / place), home, replace=True)
        facts = json.loads((done.folder / "set.json").read_text())
        assert (facts["files"], facts["config"]) == (usual["files"], usual["config"])
        assert facts["made_from"][0]["path"] == file
        assert facts["made_from"][0]["published"] is None


def test_context_masks_and_places_come_through_the_runtime(installed):
    asked = polyphones("g2pw", installed, threads=1)
    # The token behind decides; a far one is heard within the window of eight characters, and padding is not.
    assert asked.in_context("你行吗,你行走") == ["", "hang2", "", "", "", "xing2", ""]
    assert asked.in_context("银你你行你") == ["", "", "", "hang2", ""]
    assert asked.in_context("行你" * 30 + "银")[-3] == "hang2"
    assert asked.in_context("银" + "你" * 9 + "行")[-1] == asked.in_context("行")[0] == "xing2", "beyond the window nothing is heard"
    assert asked.as_public("银" + "你" * 9 + "行")[-1] == "hang2", "the public program sees the whole clause"
    assert asked.in_context("长") == ["zhang3"], "what is known of the character itself"
    assert asked.in_context("行行吗") == ["xing2", "hang2", ""]


def test_settings_of_the_archive_are_read_and_its_code_is_not_run(home, tmp_path):
    config = "raise SystemExit\nuse_mask = print('no')\nwindow_size=16\r\nuse_char_phoneme =True # so\n"
    place = write_g2pw(tmp_path / "other", config=config)
    folder = pull("g2pw", FolderSource(place), home).folder
    assert json.loads((folder / "set.json").read_text())["config"] == {"window_size": 16, "use_char_phoneme": True}
    assert "config.py" not in [path.name for path in folder.iterdir()]


def test_speech_uses_it_and_the_record_says_so(vox, installed, tmp_path):
    save_base(make_tiny_base(for_training=True, ending="soon"), tmp_path / "tiny")
    add_tiny_voice(installed, load_base(tmp_path / "tiny", parts=("semantic_to_wave",)))
    sounds = []
    for name in ("dictionary", "g2pw"):
        sound = tmp_path / f"{name}.wav"
        words = ("speak", "你行吗", "--voice", "tester", "--base", tmp_path / "tiny", "--lang", "zh", "--takes", "1", "-o", sound)
        code, _, err = vox(*words, "--polyphones", name)
        assert code == 0, err
        sounds.append(sound.read_bytes())
    assert sounds[0] != sounds[1]
    records = [json.loads(line) for line in ReleaseLog(installed).path.read_text().splitlines()]
    assert [record["options"]["polyphones"] for record in records] == ["dictionary", "g2pw"]


def test_a_server_reads_as_it_was_started(installed, tmp_path):
    save_base(make_tiny_base(for_training=True, ending="soon"), tmp_path / "tiny")
    add_tiny_voice(installed, load_base(tmp_path / "tiny", parts=("semantic_to_wave",)))
    sounds = []
    for name in ("dictionary", "g2pw"):
        with running(installed, tmp_path / "tiny", polyphones=name) as server:
            told = {"model": "tiny", "voice": "tester", "input": "你行吗", "response_format": "wav"}
            answer = server.post("/v1/audio/speech", json=told)
            assert answer.status_code == 200, answer.text
            sounds.append(answer.content)
            assert json.loads(server.log.path.read_text().splitlines()[-1])["options"]["polyphones"] == name
    assert sounds[0] != sounds[1]


def test_the_dictionaries_need_nothing_installed(home):
    assert polyphones("dictionary", home) is None
    with pytest.raises(InputError, match="expected dictionary or g2pw; found other"):
        polyphones("other", home)


@pytest.mark.parametrize("missing", SETS)
def test_a_missing_set_is_one_line_that_says_what_to_pull(vox, installed, missing):
    shutil.rmtree(installed / "models" / missing)
    for verb in (("phonemes", "你行吗"), ("speak", "你行吗", "-o", installed / "never.wav")):
        code, out, err = vox(*verb, "--polyphones", "g2pw")
        assert (code, out) == (2, "")
        assert f"run: vox models pull {missing}" in err
        assert len(err.strip().splitlines()) == 1
    assert not (installed / "never.wav").exists()


def test_a_missing_library_is_one_line_that_says_what_to_install(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r'run: pip install "voxcommons\[g2pw\]"'):
        polyphones("g2pw", installed)


def exchange(home, name, content):
    """Put another file into the set, as large as it says."""
    folder = home / "models" / "g2pw"
    (folder / name).write_bytes(content)
    facts = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    facts["files"][name]["bytes"] = len(content)
    (folder / "set.json").write_text(json.dumps(facts), encoding="utf-8")


def test_a_network_that_was_exchanged_is_looked_through_again(installed):
    external = tiny_network().replace(b"\x2a", b"\x2a", 1) + b"\x3a\x0a\x2a\x08\x6a\x06\x0a\x01a\x12\x01b"
    exchange(installed, "g2pw.onnx", external)
    with pytest.raises(RefusedFileError, match="weights outside the file"):
        polyphones("g2pw", installed)


def test_another_network_a_broken_one_and_other_labels_are_damage(installed):
    for content, why in (
        (tiny_network(asks_for="other_mask"), "another network: other_mask, phoneme_mask"),
        (tiny_network().replace(b"Div", b"Dxv"), "g2pw.onnx"),
    ):
        exchange(installed, "g2pw.onnx", content)
        with pytest.raises(CorruptFileError, match=f"the set g2pw is damaged.*{why}.*run: vox models pull g2pw --replace"):
            polyphones("g2pw", installed)
    exchange(installed, "g2pw.onnx", tiny_network([*dict.fromkeys(["ㄅㄚ1", *LABELS])]))
    with pytest.raises(CorruptFileError, match=r"g2pw\.onnx cannot be run|does not fit its tables"):
        polyphones("g2pw", installed).in_context("行")


def test_damaged_tables_name_the_set_and_the_remedy(installed):
    exchange(installed, "polyphonic_chars.txt", b"\xff\xfe")
    with pytest.raises(CorruptFileError, match=r"the set g2pw is damaged.*run: vox models pull g2pw --replace"):
        polyphones("g2pw", installed)
    exchange(installed, "polyphonic_chars.txt", "行 ㄏㄤ2\n".encode())
    with pytest.raises(CorruptFileError, match=r"polyphonic_chars\.txt, line 1"):
        polyphones("g2pw", installed)
