"""`vox serve` as a process: it says where it is, answers, and goes when it is told to; mistakes are one line."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import save_base

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_says_where_it_is_and_stops_when_told(home, base_folder, how, code):
    environment = os.environ | {"VOX_HOME": str(home), "VOX_THREADS": "1", "VOX_LANG": "en", "PYTHONPATH": str(SRC)}
    command = [sys.executable, "-m", "voxcommons", "serve", "--port", "0", "--base", str(base_folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        line = running.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, line + running.stderr.read()
        assert requests.get(f"{address[0]}/v1/models", timeout=300).json()["data"][0]["id"] == "tiny"
        running.send_signal(how)
        rest = running.stderr.read()
    assert running.returncode == code
    assert "Traceback" not in rest


def test_https_for_phones_prints_a_link_with_a_token_of_its_own_and_a_fingerprint(home, base_folder):
    environment = os.environ | {"VOX_HOME": str(home), "VOX_THREADS": "1", "VOX_LANG": "en", "PYTHONPATH": str(SRC)}
    command = [sys.executable, "-m", "voxcommons", "serve", "--https", "--host", "0.0.0.0", "--port", "0", "--workers", "0"]
    command += ["--base", str(base_folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        said = ""
        while "fingerprint" not in said:
            line = running.stderr.readline()
            assert line, said
            said += line
        port = re.search(r"https://0\.0\.0\.0:(\d+)", said)[1]
        token = re.search(r"/studio/record#token=([\w-]+)", said)[1]
        asked = {"url": f"https://localhost:{port}/studio/api/voices", "verify": str(home / "https" / "certificate.pem"), "timeout": 300}
        assert requests.get(**asked, headers={"X-Vox-Studio": "1"}).status_code == 401
        assert requests.get(**asked, headers={"X-Vox-Studio": "1", "Authorization": f"Bearer {token}"}).status_code == 200
        running.send_signal(signal.SIGINT)
        running.stderr.read()
    assert running.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--open-to-all"),
        (["--host", "no.such.host.invalid", "--open-to-all"], "no such address"),
        (["--base", "no/where"], "no such base model"),
        (["--base", "=x"], "without a name"),
        (["--allow-folder", "no/where"], "no such folder"),
        (["--token-file", "no/where"], "no such token file"),
        (["--port", "99999"], "--port"),
        (["--queue", "-1"], "--queue"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_served(home, capsys, arguments, said):
    assert main(["serve", *arguments], Settings(home=home)) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert said in errors[0]


def test_a_port_that_is_taken_is_one_line(home, base_folder, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port, "--base", str(base_folder)], Settings(home=home)) == 2
    assert "--port" in capsys.readouterr().err


def test_the_help_teaches_with_a_call(capsys):
    assert main(["serve", "--help"]) == 0
    assert "curl http://127.0.0.1:9880/v1/audio/speech" in capsys.readouterr().out
