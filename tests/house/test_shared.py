"""A build that has the shared data folder cannot pass without having used it."""

import shutil
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
        ("uses", True, ["--require-shared"], 0),
        ("uses", False, ["--require-shared"], 1),
        ("skips inside", True, ["--require-shared"], 1),
        ("never uses", True, ["--require-shared"], 1),
    ],
)
def test_required_shared_data_is_really_used(pytester, tests, folder, options, code):
    checkout = pytester.mkdir("checkout")
    (checkout / "tests").mkdir()
    shutil.copy(Path(__file__).parents[1] / "conftest.py", checkout / "tests" / "conftest.py")
    (checkout / "tests" / "test_one.py").write_text(_TESTS[tests])
    if folder:
        pytester.mkdir("shared")
    done = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", checkout / "tests", *options)
    assert done.ret == code
