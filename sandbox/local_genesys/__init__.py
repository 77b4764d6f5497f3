"""A local stand-in for Genesys Cloud, which the sandbox and the tests use over HTTP."""

from sandbox.local_genesys.app import LocalGenesys
from sandbox.local_genesys.assumptions import ASSUMPTIONS, Assumption

__all__ = ["ASSUMPTIONS", "Assumption", "LocalGenesys"]
