"""The official SDK, loaded light: the only module that imports PureCloudPlatformClientV2.

Why not `import PureCloudPlatformClientV2`: its `__init__` imports every model and API (6,800
modules, about 2 s and 200 MB), and we use one class, ApiClient, whose submodules import each
other by relative path. So two empty modules stand in for the package and for its `models`
(which only serve to build model objects; we read plain JSON), and nothing else is imported.
When something else in the process has imported the package whole, that one is used.

Why the temporary home: on creation the SDK's Configuration reads ~/.genesyscloudpython/config
(host, gateway, logging) and starts threads that reload it. For that one moment it is shown a
file of ours that switches the reloading off; so neither the user's file nor a thread exists.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import logging
import os.path
import sys
import tempfile
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesys.errors import OutdatedSdk

PACKAGE = "PureCloudPlatformClientV2"
OLDEST = 259  # older ones turn "webmessaging" into "outdated_sdk_version" without a word
_loading = threading.Lock()


@dataclass(frozen=True)
class Sdk:
    """The classes of the SDK that we use; untyped, as the SDK is."""

    api_client: Any
    http_client: Any
    request_options: Any
    api_exception: Any
    region_hosts: Any


def check_sdk() -> None:
    """Raise OutdatedSdk unless the installed SDK can send web messages."""
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise OutdatedSdk(f"{PACKAGE} is not installed.") from None
    if int(version.split(".")[0]) < OLDEST:
        raise OutdatedSdk(f"{PACKAGE} {version} is too old to send web messages.")


@functools.cache
def load_sdk() -> Sdk:
    """Import what we use of the SDK, once. Raises OutdatedSdk."""
    region_hosts = _load_regions()
    with _loading:
        if f"{PACKAGE}.configuration" not in sys.modules:
            with _loggers_kept("urllib3", "watchdog"):
                _configure_without_file_and_threads()
            # Its debug lines hold whole URLs, and one of ours has the customer's address in it.
            logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    return Sdk(
        api_client=_submodule("api_client").ApiClient,
        http_client=_submodule("default_http_client").DefaultHttpClient,
        request_options=_submodule("http_request_options").HttpRequestOptions,
        api_exception=_submodule("rest").ApiException,
        region_hosts=region_hosts,
    )


def region_names() -> tuple[str, ...]:
    """List the AWS region names that the SDK knows, such as "eu-central-1". Raises OutdatedSdk."""
    return tuple(region.name.replace("_", "-") for region in _load_regions())


@functools.cache
def _load_regions() -> Any:
    """Import the regions' hosts; without anything else, that takes a millisecond."""
    check_sdk()
    with _loading:
        if PACKAGE not in sys.modules:
            _put_stand_ins()
    return _submodule("purecloud_region_hosts").PureCloudRegionHosts


def api_host(region: str) -> str:
    """Return the API's address in a region, such as "https://api.mypurecloud.de".

    Raises ValueError for a region that the SDK does not know.
    """
    if region not in region_names():
        raise ValueError(f"{region!r} is not a region; known are {', '.join(region_names())}")
    host: str = _load_regions()[region.replace("-", "_")].get_api_host()
    return host


def _put_stand_ins() -> None:
    """Register the package and its `models` as modules whose `__init__` never runs."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "check_sdk has found the package installed"
    package = types.ModuleType(PACKAGE)
    package.__path__ = spec.submodule_search_locations or []
    sys.modules[PACKAGE] = package
    sys.modules[f"{PACKAGE}.models"] = types.ModuleType(f"{PACKAGE}.models")


def _submodule(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def _configure_without_file_and_threads() -> None:
    configuration = _submodule("configuration")
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, ".genesyscloudpython", "config")
        file.parent.mkdir()
        file.write_text("[general]\nlive_reload_config = False\n", encoding="utf-8")
        configuration.expanduser = lambda _user: home
        configuration.Configuration()  # a singleton: whoever asks later gets this one
        configuration.expanduser = os.path.expanduser


@contextmanager
def _loggers_kept(*names: str) -> Iterator[None]:
    """Undo that the SDK silences these loggers for the whole process."""
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate
