"""`vox serve`: the voices of this machine over HTTP."""

from __future__ import annotations

from pathlib import Path

import click

from voxcommons.base.messages import say
from voxcommons.cli.console import BASE_HELP, settings_of
from voxcommons.voices.polyphones import CHOICES, DICTIONARY

_EXAMPLE = """\b
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
@click.option("--open-to-all", is_flag=True, help="Let other machines in without a token.")
@click.option("--allow-control", is_flag=True, help="Let clients stop and restart the server with /control.")
@click.option("--own-voices", type=click.IntRange(1, 1000), default=4, show_default=True, help="Voices with weights of their own that stay "
              "loaded; each takes as much memory as it has weights.")  # fmt: skip
@click.option("--polyphones", type=click.Choice(CHOICES), default=DICTIONARY, show_default=True,
              help="Who decides Mandarin characters with several readings; g2pw is a network: vox models pull g2pw.")  # fmt: skip
@click.option("--queue", type=click.IntRange(0, 10_000), default=16, show_default=True, help="Requests that may wait; one more gets 429.")
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
    open_to_all: bool,
    allow_control: bool,
    own_voices: int,
    polyphones: str,
    queue: int,
    max_text: int,
) -> None:
    """Serve voices over HTTP, for programs written for OpenAI's speech endpoint or for GPT-SoVITS api_v2.

    A browser shows all endpoints at http://127.0.0.1:9880/. Ctrl-C stops the server.
    """
    settings = settings_of(context)
    # The room loads torch and the libraries of the extra `serve`.
    from voxcommons.api.config import ServeConfig, named_bases, read_tokens
    from voxcommons.api.server import Server

    config = ServeConfig(
        home=settings.home,
        bases=named_bases(bases),
        folders=tuple(Path(folder) for folder in folders),
        tokens=read_tokens(Path(token_file)) if token_file is not None else frozenset(),
        open_to_all=open_to_all,
        allow_control=allow_control,
        queue=queue,
        max_text=max_text,
        threads=settings.threads,
        tuned_kept=own_voices,
        polyphones=polyphones,
    )
    server = Server(config, host, port)
    click.echo(say("serving", settings.language_of_messages, address=server.address), err=True)
    server.run()
