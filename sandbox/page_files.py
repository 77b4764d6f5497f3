"""Serves the page's files over HTTP.

All files but the document have the version in their address. So the browser may cache them, a
reload requests the document only, and files of two versions never mix.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from aiohttp import web

PAGE_FOLDER = Path(__file__).parent / "page"
# `mimetypes` gives different answers on different machines.
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_DOCUMENT = "index.html"
_VERSION = b"{version}"  # the placeholder in the document's links
_KEEP = "private, max-age=31536000, immutable"


def page_routes() -> list[web.RouteDef]:
    """List the routes of the document and the files that it loads."""
    files = {
        file.name: file.read_bytes()
        for file in sorted(PAGE_FOLDER.iterdir())
        if file.suffix in CONTENT_TYPES
    }
    version = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:16]
    document = files.pop(_DOCUMENT).replace(_VERSION, version.encode())

    async def serve_document(_: web.Request) -> web.Response:
        return web.Response(body=document, headers={"Content-Type": CONTENT_TYPES[".html"]})

    async def serve_file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in files or request.match_info["version"] != version:
            raise web.HTTPNotFound(text="There is no such page in the sandbox.")
        kind = CONTENT_TYPES[Path(name).suffix]
        headers = {"Content-Type": kind, "Cache-Control": _KEEP}
        return web.Response(body=files[name], headers=headers)

    return [web.get("/", serve_document), web.get("/files/{version}/{name}", serve_file)]
