"""`vox serve`: the voices of this machine over HTTP."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.messages import say
from voxcommons.base.settings import Settings
from voxcommons.cli.console import BASE_HELP, settings_of
from voxcommons.voices.polyphones import CHOICES, DICTIONARY

if TYPE_CHECKING:
    from voxcommons.api.server import Server
    from voxcommons.web.certificate import Certificate

_EXAMPLE = """\b
The studio in a browser, on this machine and on phones in the same network:
  vox serve
  vox serve --https --host 0.0.0.0
\b
Start it, and ask it for a sound from another terminal:
  vox serve
  curl http://127.0.0.1:9880/v1/audio/speech -H "Content-Type: application/json" \\
       -d '{"model": "starter", "voice": "kathleen", "input": "Hello."}' -o hello.mp3
  curl "http://127.0.0.1:9880/tts?text=Hello&text_lang=en&ref_audio_path=voice:kathleen" -o hello.wav
"""


@click.command(epilog=_EXAMPLE)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than this machine's own need a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=9880, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--base", "bases", multiple=True, metavar="[ALIAS=]NAME|FOLDER", help=BASE_HELP + " With ALIAS= clients call it by "
              "that name or path. May be repeated; the first is used where none is named. By default the starter.")  # fmt: skip
@click.option("--allow-folder", "folders", multiple=True, metavar="FOLDER", help="Where clients may name reference clips and base models. "
              "May be repeated; without it only voices of the library are spoken with.")  # fmt: skip
@click.option("--token-file", metavar="FILE", help="One token a line; a request must bring one of them.")
@click.option("--https", "secure", is_flag=True, help="Serve over https with a certificate made on this machine: phones give no microphone "
              "without. For other machines a token is made too, and shown as a QR link.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 256), default=1, show_default=True, help="Processes that do the jobs of the queue, "
              "such as making voices; 0 leaves them to vox worker.")  # fmt: skip
@click.option("--open-to-all", is_flag=True, help="Let other machines in without a token.")
@click.option("--allow-control", is_flag=True, help="Let clients stop and restart the server with /control.")
@click.option("--own-voices", type=click.IntRange(1, 1000), default=4, show_default=True, help="Voices with weights of their own that stay "
              "loaded; each takes as much memory as it has weights.")  # fmt: skip
@click.option("--polyphones", type=click.Choice(CHOICES), default=DICTIONARY, show_default=True,
              help="Who decides Mandarin characters with several readings; g2pw is a network: vox models pull g2pw.")  # fmt: skip
@click.option("--no-history", is_flag=True, help="Do not keep the texts for `vox voices history`; VOX_HISTORY=off does so always.")
@click.option("--queue", type=click.IntRange(0, 10_000), default=256, show_default=True, help="Requests that may wait; one more gets 429.")
@click.option("--max-text", type=click.IntRange(1, 200_000), default=10_000, show_default=True, help="Longest text, in characters.")
@click.pass_context
def serve(
    context: click.Context,
    /,
    host: str,
    port: int,
    bases: tuple[str, ...],
    folders: tuple[str, ...],
    token_file: str | None,
    secure: bool,
    workers: int,
    open_to_all: bool,
    allow_control: bool,
    own_voices: int,
    polyphones: str,
    no_history: bool,
    queue: int,
    max_text: int,
) -> None:
    """Serve the studio for browsers, and voices for programs written for OpenAI's speech endpoint or for GPT-SoVITS api_v2.

    The studio is at http://127.0.0.1:9880/studio, all endpoints are shown at http://127.0.0.1:9880/. Ctrl-C stops the server.
    """
    settings = settings_of(context)
    settings = replace(settings, history=settings.history and not no_history)
    # The room loads torch and the libraries of the extra `serve`.
    from voxcommons.api.config import ServeConfig, is_loopback, named_bases, read_tokens
    from voxcommons.api.server import Server
    from voxcommons.web.certificate import local_certificate, local_token
    from voxcommons.web.link import own_addresses

    tokens = read_tokens(Path(token_file)) if token_file is not None else frozenset()
    if secure and not tokens and not open_to_all and not is_loopback(host):
        tokens = frozenset({local_token(settings.home)})
    config = ServeConfig(
        home=settings.home,
        bases=named_bases(bases),
        folders=tuple(Path(folder) for folder in folders),
        tokens=tokens,
        open_to_all=open_to_all,
        allow_control=allow_control,
        queue=queue,
        max_text=max_text,
        database=settings.database,
        threads=settings.threads,
        tuned_kept=own_voices,
        polyphones=polyphones,
        history=settings.history,
    )
    certificate = local_certificate(settings.home, own_addresses()) if secure else None
    server = Server(config, host, port, certificate)
    click.echo(say("serving", settings.language_of_messages, address=server.address), err=True)
    if certificate is not None:
        _tell_phones(server, host, certificate, settings, next(iter(sorted(tokens)), ""))
    with _working(settings, workers):
        server.run()


def _tell_phones(server: Server, host: str, certificate: Certificate, settings: Settings, token: str) -> None:
    """Show the address as a square to be photographed, with the fingerprint that the browser shows when it warns."""
    from voxcommons.api.config import is_loopback
    from voxcommons.web.link import own_addresses, phone_link, qr_in_terminal

    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened to
    name = next(iter(own_addresses()), host) if everywhere else host
    address = phone_link("https", name.strip("[]"), server.port, token)
    picture = "" if is_loopback(host) else qr_in_terminal(address)
    say_it = {"address": address, "picture": picture, "fingerprint": certificate.fingerprint}
    click.echo(say("serving_phones", settings.language_of_messages, **say_it), err=True)


@contextlib.contextmanager
def _working(settings: Settings, count: int) -> Iterator[None]:
    """Workers beside the server, as long as it serves."""
    from voxcommons.cli.worker import work
    from voxcommons.jobs.processes import keep_working
    from voxcommons.jobs.worker import LEASE_S

    leave = threading.Event()
    body = functools.partial(work, settings, False, LEASE_S)
    beside = threading.Thread(target=keep_working, args=(body, count, leave), name="vox-workers", daemon=True)
    if count:
        beside.start()
    try:
        yield
    finally:
        leave.set()
        if count:
            beside.join()
