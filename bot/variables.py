"""Reads environment variables, and collects a sentence about each that's missing or wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from phonenumbers import SUPPORTED_REGIONS

from genesys import is_loopback

LAST_PORT = 65_535
_DAY = 86_400
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")


class Variables:
    """Reads environment variables; ``problems`` has a sentence for each that's missing or wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def _get(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def required(self, name: str, fix: str, prefix: str = "") -> str:
        """Return a variable that must be set; ``fix`` says how."""
        value = self._get(name)
        if not value:
            self.problems.append(f"{name} isn't set: {fix}.")
        return self._prefixed(name, value, prefix)

    def optional(self, name: str, prefix: str = "") -> str:
        """Return a variable, or ""."""
        return self._prefixed(name, self._get(name), prefix)

    def _prefixed(self, name: str, value: str, prefix: str) -> str:
        if value and not value.startswith(prefix):
            self.problems.append(
                f"{name} must start with {prefix} : this is another kind of token."
            )
        elif not value.isascii() or not value.isprintable():
            self.problems.append(f"{name} must be copied again: no token has such characters.")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of the choices."""
        value = self._get(name) or default
        if value not in choices:
            self.problems.append(f"{name} isn't one of: {', '.join(choices)}.")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number."""
        text = self._get(name) or str(default)
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            self.problems.append(f"{name} must be a whole number from {least} to {most}.")
            return default
        return int(text)

    def delays(self, name: str, default: str) -> tuple[int, ...]:
        """Return numbers of seconds, which are a day at most together."""
        parts = [part.strip() for part in (self._get(name) or default).split(",")]
        are_numbers = all(map(_NUMBER.fullmatch, parts))
        if not are_numbers or sum(map(int, parts)) > _DAY:
            self.problems.append(
                f"{name} must be whole seconds, a day at most together, separated by commas, "
                f"such as {default}."
            )
            return ()
        return tuple(int(part) for part in parts)

    def host(self, name: str, default: str) -> str:
        """Return the address to listen at."""
        return self._get(name) or default

    def url(self, name: str, default: str, ending: str = "") -> str:
        """Return a web address that ends with ``ending``, with TLS unless it's this machine's."""
        value = self._get(name) or default
        if not value:
            return value
        host = _read_host(value)
        if not host:
            self.problems.append(f"{name} must be a web address such as https://host{ending}.")
        elif value.lower().startswith("http:") and not is_loopback(host):
            self.problems.append(
                f"{name} must start with https://: without TLS, others could read the token."
            )
        elif not value.endswith(ending):
            self.problems.append(f"{name} must end with {ending}.")
        return value

    def deployment(self, name: str) -> str:
        """Return the id of a Messenger deployment."""
        value = self.required(
            name, "copy the id of your web messaging deployment (Admin, Messenger Deployments)"
        )
        value = value.lower()  # Genesys writes ids in lower case
        if value and not _UUID.fullmatch(value):
            self.problems.append(f"{name} must be an id such as 01234567-89ab-cdef-0123-….")
        return value

    def command(self, name: str, default: str) -> str:
        """Return the name of a slash command."""
        value = self._get(name) or default
        if not _COMMAND.fullmatch(value):
            self.problems.append(
                f"{name} must be a slash and up to 31 lower-case letters, digits, - or _."
            )
        return value

    def channel(self, name: str) -> str:
        """Return the id of a channel, or ""."""
        value = self._get(name)
        if value and not re.fullmatch(r"[CG][A-Z0-9]+", value):
            self.problems.append(f"{name} must be a channel's id, such as C0123456789.")
        return value

    def people(self, name: str) -> frozenset[str]:
        """Return the ids of people."""
        ids = {part.strip() for part in self._get(name).split(",") if part.strip()}
        if not all(re.fullmatch(r"[UW][A-Z0-9]+", one) for one in ids):
            self.problems.append(
                f"{name} must be Slack user ids, separated by commas, such as U0123456789."
            )
        return frozenset(ids)

    def file(self, name: str) -> Path | None:
        """Return the path of a file, or None; whether it can be read is seen later."""
        value = self._get(name)
        try:
            return Path(value).expanduser() if value else None
        except RuntimeError:
            self.problems.append(f"{name} must name a file without ~: there's no such home folder.")
            return None

    def country(self, name: str) -> str | None:
        """Return a country's code, or None."""
        value = self._get(name).upper()
        if not value:
            return None
        if value not in SUPPORTED_REGIONS:
            self.problems.append(f"{name} must be a two-letter country code such as GB.")
        return value

    def database(self, name: str) -> str:
        """Return the address of a database, by default that of a file in the data folder."""
        value = self._get(name) or self._default_database(name)
        if not value:
            return value
        try:
            url = sa.make_url(value)
        except (sa.exc.ArgumentError, ValueError):
            url = None
        if url is None or (url.port or 0) > LAST_PORT:
            self.problems.append(
                f"{name} isn't a database address such as sqlite:////data/proactive.sqlite."
            )
        elif url.drivername not in ("sqlite", "postgresql"):
            self.problems.append(f"{name} must start with sqlite:/// or postgresql://.")
        elif url.drivername == "sqlite":
            file = url.database or ""
            if file in ("", ":memory:") or file.startswith("file:"):
                self.problems.append(f"{name} must name a file: requests must survive a restart.")
            elif file.startswith("~"):
                return self._in_home(name, url)
        return value

    def _default_database(self, name: str) -> str:
        folder = self.data_folder()
        if folder is None:
            self.problems.append(
                f"{name} isn't set, and this user has no home folder for the default: "
                "set it to a file, such as sqlite:////data/proactive.sqlite."
            )
            return ""
        return f"sqlite:///{folder / 'proactive.sqlite'}"

    def data_folder(self) -> Path | None:
        """Return the folder of the default database; None if this user has no home folder."""
        base = self._get("XDG_DATA_HOME") or "~/.local/share"
        try:
            return Path(base).expanduser() / "proactive"
        except RuntimeError:
            return None

    def _in_home(self, name: str, url: sa.URL) -> str:
        """Return a file's address with the home folder in place of ~, as a shell would."""
        if Path(url.database or "").exists():  # release 0.1 made a folder that is called ~
            self.problems.append(
                f"{name}: the requests of an earlier version are in a folder named ~ in "
                f"{Path.cwd()}. Move its files to your home folder, or give this path in full."
            )
        try:
            url = url.set(database=str(Path(url.database or "").expanduser()))
        except RuntimeError:
            self.problems.append(f"{name} must name a file without ~: there's no such home folder.")
        return url.render_as_string(hide_password=False)


def _read_host(url: str) -> str:
    """Return the host of a web address, or "" if it isn't one that all our clients can call."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        unusual = "@" in parts.netloc or parts.query or parts.fragment or parts.port == 0
    except ValueError:
        return ""
    return (
        host if parts.scheme in ("http", "https") and _HOST.fullmatch(host) and not unusual else ""
    )
