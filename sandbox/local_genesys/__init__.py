"""A local Genesys Cloud: the stand-in that the sandbox and the tests talk to over HTTP."""

from sandbox.local_genesys.app import LocalGenesys
from sandbox.local_genesys.assumptions import ASSUMPTIONS, Assumption

__all__ = ["ASSUMPTIONS", "Assumption", "LocalGenesys"]
