"""Load the few parts of the official SDK that we use. Only this module imports it.

`import PureCloudPlatformClientV2` would run 6,800 modules, one per model and API, which takes
about 2 s and 200 MB. We need one class, ApiClient, and read plain JSON. So we register two empty
modules in place of the package and its `models`, and import only the submodules we need. If
something else in the process has already imported the whole SDK, we use that.

When the SDK's Configuration is created, it reads ~/.genesyscloudpython/config (host, gateway,
logging) and starts threads that reload it. We give it a parser that reads no file and switches the
reloading off. So the user's file changes nothing, no thread starts, and no home is needed.
"""

import configparser
import functools
import importlib
import importlib.metadata
import importlib.util
import logging
import ssl
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from genesys.errors import OutdatedSdk

PACKAGE = "PureCloudPlatformClientV2"
OLDEST = 266  # the first one whose agentless send has externalContactId
_loading = threading.Lock()


@dataclass(frozen=True)
class Sdk:
    """The SDK's classes that we use; untyped, like the SDK."""

    api_client: Any
    http_client: Any
    request_options: Any
    api_exception: Any
    region_hosts: Any


def check_sdk() -> None:
    """Raise OutdatedSdk if the installed SDK can't send web messages."""
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise OutdatedSdk(f"{PACKAGE} is not installed.") from None
    if int(version.split(".")[0]) < OLDEST:
        raise OutdatedSdk(f"{PACKAGE} {version} is too old to send web messages.")


@functools.cache
def load_sdk() -> Sdk:
    """Import the parts of the SDK that we use, once. Raises OutdatedSdk."""
    region_hosts = _load_regions()
    with _loading:
        if f"{PACKAGE}.configuration" not in sys.modules:
            with _restored_loggers("urllib3", "watchdog"):
                _configure_without_file_and_threads()
            # Its debug lines show whole URLs, and one of ours contains the customer's address.
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
    """Import only the regions' hosts, which takes a millisecond."""
    check_sdk()
    with _loading:
        if PACKAGE not in sys.modules:
            _register_empty_packages()
    return _submodule("purecloud_region_hosts").PureCloudRegionHosts


def api_host(region: str) -> str:
    """Return the API's URL in a region, such as "https://api.mypurecloud.de".

    Raises ValueError for a region that the SDK doesn't know.
    """
    if region not in region_names():
        raise ValueError(f"{region!r} is not a region; known are {', '.join(region_names())}")
    host: str = _load_regions()[region.replace("-", "_")].get_api_host()
    return host


def _register_empty_packages() -> None:
    """Register the package and its `models` without running their `__init__`."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "check_sdk found the package installed"
    package = types.ModuleType(PACKAGE)
    package.__path__ = spec.submodule_search_locations or []
    sys.modules[PACKAGE] = package
    sys.modules[f"{PACKAGE}.models"] = types.ModuleType(f"{PACKAGE}.models")


def _submodule(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


class _NoFile(configparser.ConfigParser):
    """Reads settings of ours, whichever file it's told to read."""

    def read(self, *_: Any, **__: Any) -> list[Any]:
        """Read our settings, and say that a file was found."""
        self.read_string("[general]\nlive_reload_config = False\n")
        return ["ours"]


def _configure_without_file_and_threads() -> None:
    configuration = _submodule("configuration")
    configuration.configparser = types.SimpleNamespace(
        ConfigParser=_NoFile, MissingSectionHeaderError=configparser.MissingSectionHeaderError
    )
    # A singleton: later calls return this one. Nobody uses its own connections (transport.py), so
    # they trust no authority; reading them all again would take 50 ms and 2 MB.
    configuration.Configuration().ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    configuration.configparser = configparser


@contextmanager
def _restored_loggers(*names: str) -> Iterator[None]:
    """Restore these loggers, which the SDK silences for the whole process."""
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate
