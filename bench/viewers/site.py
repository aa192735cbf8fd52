"""The viewers' files on an origin of their own, as a hospital would serve them beside the hub."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

HERE = Path(__file__).parent
OHIF = HERE / "node_modules" / "@ohif" / "app" / "dist"
DWV = HERE / "node_modules" / "dwv" / "dist"
CHROMIUM = "/usr/bin/chromium"
# WebGL without a graphics card: OHIF draws by it.
_ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def install() -> bool:
    """What package-lock.json pins, unless it is here; False: there is no npm, or it failed."""
    if OHIF.is_dir() and DWV.is_dir():
        return True
    if shutil.which("npm") is None:
        return False
    command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    return subprocess.run(command, cwd=HERE, check=False).returncode == 0


def chromium(playwright: Playwright) -> Browser:
    """Debian's, which draws WebGL by its processor."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))


@dataclass(frozen=True)
class Hub:
    """What the viewers read from: its address, and a key or token for it."""

    address: str
    key: str

    @property
    def dicomweb(self) -> str:
        """The root of its DICOMweb."""
        return f"{self.address}/dicomweb"

    @property
    def ohif(self) -> str:
        """OHIF's app-config.js: this hub as data source, its key as bearer token."""
        source = {
            "friendlyName": "FADA", "qidoRoot": self.dicomweb, "wadoRoot": self.dicomweb,
            "wadoUriRoot": f"{self.dicomweb}/wado", "imageRendering": "wadors",
            "thumbnailRendering": "wadors", "enableStudyLazyLoad": True, "supportsWildcard": True,
            "supportsFuzzyMatching": False, "qidoSupportsIncludeField": True, "staticWado": False,
            "singlepart": "video,pdf", "omitQuotationForMultipartRequest": True,
            "bulkDataURI": {"enabled": True},
        }  # fmt: skip
        config: dict[str, Any] = {
            "routerBasename": None, "modes": [], "showStudyList": True,
            "showWarningMessageForCrossOrigin": False, "showCPUFallbackMessage": False,
            "investigationalUseDialog": {"option": "never"}, "disableConfirmationPrompts": True,
            "customizationService": [{"ohif.tours": {"$set": []}}],
            "maxNumberOfWebWorkers": 1, "defaultDataSourceName": "hub",
            "dataSources": [{
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": "hub", "configuration": source,
            }],
        }  # fmt: skip
        return (
            f"window.config = {json.dumps(config)};\n"
            "window.config.extensions = [{ id: 'key', preRegistration: ({ servicesManager }) =>\n"
            "  servicesManager.services.userAuthenticationService.setServiceImplementation({\n"
            f"    getAuthorizationHeader: () => ({{ Authorization: {json.dumps(f'Bearer {self.key}')} }}),\n"
            "  }) }];\n"
        )


class _Server(ThreadingHTTPServer):
    """A browser asks for dozens of OHIF's files at once: with Python's queue of five, connections of a busy
    machine are dropped, and a file that does not come leaves OHIF black."""

    request_queue_size = 256
    daemon_threads = True


class _Files(SimpleHTTPRequestHandler):
    """OHIF at the root, where each path without a file is its page; dwv's page under /dwv/."""

    configuration = b""
    protocol_version = "HTTP/1.1"  # a connection for many files

    def do_GET(self) -> None:
        if self.path.split("?")[0] != "/app-config.js":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(self.configuration)))
        self.end_headers()
        self.wfile.write(self.configuration)

    def translate_path(self, path: str) -> str:
        """Where the file of a URL's path lies."""
        plain = path.split("?")[0].lstrip("/")
        if plain.startswith("dwv/"):
            # dwv looks for its decoders beside the page.
            root = DWV if plain.startswith("dwv/assets/") else HERE
            return str(root / plain.removeprefix("dwv/"))
        file = OHIF / plain
        return str(file if file.is_file() else OHIF / "index.html")

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving(port: int, hub: Hub) -> Iterator[str]:
    """The origin, which the hub's setting ``cors_origins`` must name."""
    handler = type("Files", (_Files,), {"configuration": hub.ohif.encode()})
    server = _Server(("127.0.0.1", port), partial(handler, directory=str(OHIF)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
