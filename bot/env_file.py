"""Reads ``.env`` in the working folder. A variable that's set already stays as it is."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from dotenv import load_dotenv

FILE = ".env"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class BadEnvFile(Exception):
    """The file can't be used; the text says why and what to do."""


def load_env_file() -> None:
    """Set the variables of the file, if there is one; raise BadEnvFile."""
    try:
        with Path(FILE).open("rb") as file:
            status, content = os.fstat(file.fileno()), file.read()
    except (FileNotFoundError, IsADirectoryError):  # some call a virtual environment .env
        return
    except OSError as error:
        raise BadEnvFile(
            f"{FILE} can't be read ({error.strerror}). Let this user read it, or remove it."
        ) from None
    if status.st_mode & _WRITABLE_BY_OTHERS or status.st_uid not in (os.geteuid(), 0):
        raise BadEnvFile(
            f"{FILE} isn't used, because other users can change it. "
            f"Make it this user's own (chown), then run: chmod go-w {FILE}"
        )
    load_dotenv(stream=io.StringIO(_decode(content)))


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # as in UTF-16, and no variable can have one
        raise BadEnvFile(f"{FILE} isn't text in UTF-8. Save it again with that encoding.")
    return text
