"""What all tests share: the data folder beside the checkout, and the promise that its tests really ran.

Large fixtures and real recordings lie in the shared data folder beside the checkout (`../shared`). Where it is missing its
tests are skipped with that reason. `--require-shared` turns every such skip into a failure, so that a build which has the
folder cannot pass without having used it.
"""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no clock: a busy machine must not fail a test.
settings.register_profile("voxcommons", deadline=None, derandomize=True)
settings.load_profile("voxcommons")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--with-ray", action="store_true", help="also start Ray clusters of this machine (extra ray; minutes on a busy one)")
    parser.addoption("--require-browser", action="store_true", help="fail instead of skipping tests that need Chromium")
    parser.addoption("--require-shared", action="store_true", help="fail instead of skipping tests that need the shared data folder")


def pytest_configure() -> None:
    """Let Ctrl-C be heard: a build started in the background ignores it, and so would every program the tests stop with it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not beside the checkout (../shared)")
    return SHARED


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder to be VOX_HOME."""
    folder = tmp_path / "vox-home"
    folder.mkdir()
    return folder


def _uses_shared(item: pytest.Item) -> bool:
    return "shared" in getattr(item, "fixturenames", ())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if not (item.config.getoption("--require-shared") and _uses_shared(item)):
        return
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although --require-shared was given: {report.longrepr}"
    if report.when == "call" and report.passed:
        item.config.stash[_RAN] = item.config.stash.get(_RAN, 0) + 1


_RAN = pytest.StashKey[int]()
_COLLECTED = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[_COLLECTED] = sum(_uses_shared(item) for item in items)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if config.getoption("--require-shared") and exitstatus == 0 and config.stash.get(_RAN, 0) == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    ran, collected = config.stash.get(_RAN, 0), config.stash.get(_COLLECTED, 0)
    if config.getoption("--require-shared"):
        terminalreporter.write_line(f"tests with the shared data folder: {ran} passed of {collected}")
