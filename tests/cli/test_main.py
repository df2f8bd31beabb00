"""The command line answers every mistake with one line and the right exit code."""

import errno
import io
import os
import signal
import subprocess
import sys

import click
import pytest

from voxcommons.base.errors import Cancelled, InputError, MissingExtraError
from voxcommons.base.settings import Settings
from voxcommons.cli import main as program
from voxcommons.cli import verbs
from voxcommons.cli.console import RichProgress, echo_json


@pytest.fixture
def verb(monkeypatch):
    """Puts a verb `act` on the command line whose body is the function given."""

    def _install(body):
        command = click.Command("act", callback=body)
        module = type(sys)("voxcommons_test_verb")
        module.act = command
        monkeypatch.setitem(sys.modules, "voxcommons_test_verb", module)
        monkeypatch.setattr(verbs, "VERBS", {"act": verbs.Verb("voxcommons_test_verb:act", "Acts.")})

    return _install


@pytest.fixture
def settings(home):
    return Settings(home=home)


def _raise(error):
    def body():
        raise error

    return body


def test_a_finished_verb_exits_with_zero(verb, settings, capsys):
    verb(lambda: click.echo("done"))
    assert program.main(["act"], settings) == 0
    assert capsys.readouterr() == ("done\n", "")


def test_a_verb_may_choose_its_exit_code(verb, settings):
    def body():
        click.get_current_context().exit(3)

    verb(body)
    assert program.main(["act"], settings) == 3


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("the recording is too short", expected="5 s", found="1 s"), 2, ["too short", "5 s", "1 s"]),
        (MissingExtraError("cannot measure", extra="evaluate"), 2, ["voxcommons[evaluate]"]),
        (Cancelled("stopped on request"), 130, ["stopped"]),
        (KeyboardInterrupt(), 130, ["stopped"]),
        (MemoryError(), 2, ["memory"]),
        (FileNotFoundError(errno.ENOENT, "No such file", "lost.wav"), 2, ["no such file", "lost.wav"]),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "folder"), 2, ["folder"]),
        (PermissionError(errno.EACCES, "Permission denied", "secret.wav"), 2, ["secret.wav", "Permission denied"]),
        (OSError(errno.ENOSPC, "No space left on device"), 2, ["disk is full"]),
        (ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime"), 2, ["onnxruntime", "voxcommons[evaluate]"]),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, ["torch", "pip install torch"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_mishap_is_one_line_and_a_code(verb, settings, capsys, error, code, words):
    verb(_raise(error))
    assert program.main(["act"], settings) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_a_fault_of_the_program_shows_its_trace(verb, settings):
    verb(_raise(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        program.main(["act"], settings)


def test_an_unknown_verb_or_option_is_one_line_with_a_hint(settings, capsys):
    for arguments in (["sing"], ["--loud"]):
        assert program.main(arguments, settings) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert arguments[0].strip("-") in err
        assert "vox --help" in err


def test_no_verb_shows_the_help(settings, capsys):
    assert program.main([], settings) == 2
    assert "Commands:" in "".join(capsys.readouterr())


def test_messages_come_in_chinese_when_asked(verb, home, capsys):
    verb(_raise(InputError("the recording is too short", found="1 s", key="recording_too_short")))
    assert program.main(["act"], Settings(home=home, language_of_messages="zh")) == 2
    assert capsys.readouterr().err == "输入有误：录音太短；实为：1 s\n"


def test_a_wrong_environment_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("VOX_THREADS", "many")
    assert program.main(["--help"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "VOX_THREADS='many'" in err


def test_a_verb_missing_from_the_installation_says_so(monkeypatch, settings, capsys):
    monkeypatch.setattr(verbs, "VERBS", {"act": verbs.Verb("voxcommons.cli.absent:act", "Acts.")})
    assert program.main(["act"], settings) == 2
    assert "voxcommons.cli.absent" in capsys.readouterr().err


def test_the_settings_reach_the_verb(verb, settings, capsys):
    from voxcommons.cli.console import settings_of

    verb(lambda: click.echo(settings_of(click.get_current_context()).home))
    program.main(["act"], settings)
    assert capsys.readouterr().out.strip() == str(settings.home)


def _run(code, *, environ=None, **options):
    return subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ) | (environ or {}), capture_output=True, check=False, timeout=60, **options
    )


_RUN_ACT = """
import sys, click
from voxcommons.cli import main, verbs
module = type(sys)("act_module")
{body}
module.act = click.Command("act", callback=act)
sys.modules["act_module"] = module
verbs.VERBS = {{"act": verbs.Verb("act_module:act", "Acts.")}}
sys.argv = ["vox", "act"]
main.run()
"""


def test_a_terminal_that_is_not_utf_8_still_gets_an_answer():
    code = _RUN_ACT.format(body="def act(): click.echo('声音 \\udc80'); raise main.InputError('坏 \\udc80')")
    done = _run(code, environ={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 2
    assert done.stdout == b"\\u58f0\\u97f3 \\udc80\n"
    assert done.stderr.startswith(b"error: \\u574f")
    assert done.stderr.count(b"\n") == 1


def test_a_reader_that_goes_away_is_no_error():
    code = _RUN_ACT.format(body="def act():\n    for _ in range(100000): click.echo('line')")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_reader_gone_before_the_last_line_is_no_error():
    code = _RUN_ACT.format(body="def act(): sys.stdin.read(); sys.stdout.write('line')")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environ = dict(os.environ) | {"PYTHONUNBUFFERED": ""}
    with subprocess.Popen([sys.executable, "-c", code], env=environ, **pipes) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.parametrize(("number", "code", "lines"), [(signal.SIGINT, 130, 1), (signal.SIGTERM, 143, 0)])
def test_stopping_cleans_up_and_says_so_in_one_line(tmp_path, number, code, lines):
    body = f"""
from voxcommons.base.files import atomic_path
def act():
    with atomic_path({str(tmp_path / "out.wav")!r}) as temporary:
        temporary.write_bytes(b'half')
        click.echo('working')
        sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", _RUN_ACT.format(body=body)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"working\n"
        assert list(tmp_path.iterdir())
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait() == code
    assert said.count(b"\n") == lines
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_progress_on_a_pipe_is_one_plain_line_per_piece_of_work():
    from rich.console import Console

    stream = io.StringIO()
    with RichProgress(Console(file=stream, force_terminal=False)) as progress:
        progress.start(3, "reading [bold]files[/bold]")
        progress.advance()
        progress.note("a note")
        progress.finish()
        progress.finish()
    assert stream.getvalue() == "reading [bold]files[/bold]\na note\n"


def test_progress_on_a_terminal_is_taken_away_again():
    from rich.console import Console

    stream = io.StringIO()
    with RichProgress(Console(file=stream, force_terminal=True, width=80)) as progress:
        progress.start(2, "reading")
        progress.advance(2)
        progress.start(None, "writing")
    said = stream.getvalue()
    assert "reading" in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h")  # the cursor is given back


def test_json_on_a_pipe_is_one_line(capsys):
    echo_json({"text": "声音"})
    assert capsys.readouterr().out == '{"text": "声音"}\n'
