"""A build that has the shared data folder cannot pass without having used it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = {
    "uses": "def test_it(shared):\n    assert shared.is_dir()\n",
    "skips inside": "import pytest\ndef test_it(shared):\n    pytest.skip('not in the mood')\n",
    "never uses": "def test_it():\n    assert True\n",
}


@pytest.mark.parametrize(
    ("tests", "folder", "options", "code"),
    [
        ("uses", False, [], 0),
        ("uses", True, [], 0),
        ("uses", True, ["--require-shared"], 0),
        ("uses", False, ["--require-shared"], 1),
        ("skips inside", True, [], 0),
        ("skips inside", True, ["--require-shared"], 1),
        ("never uses", True, ["--require-shared"], 1),
    ],
)
def test_required_shared_data_is_really_used(tmp_path, tests, folder, options, code):
    checkout = tmp_path / "checkout"
    (checkout / "tests").mkdir(parents=True)
    shutil.copy(Path(__file__).parents[1] / "conftest.py", checkout / "tests" / "conftest.py")
    (checkout / "tests" / "test_one.py").write_text(_TESTS[tests])
    if folder:
        (tmp_path / "shared").mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", *options]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
