"""Hooks of the documentation site: the API reference comes from the gateway itself."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./(?!decisions)([^)#]+)(?:#[^)]*)?\)")


def on_pre_build(config: Any) -> None:
    """Write ``openapi.json``, which ``api-reference.md`` shows, from the app's own routes."""
    os.environ.setdefault("FADA_SECRET_KEY", "for building the documentation only")
    from gateway.app import create_app
    from gateway.bootstrap import compose
    from services.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        services = compose(Settings(home=Path(home), index_url=f"sqlite:///{home}/index.db"))
        schema = create_app(services).openapi()
        services.index.close()
    _write(DOCS / "openapi.json", json.dumps(_shown(schema), indent=1, sort_keys=True))
    _write(DOCS / "decisions" / "index.md", _decisions())


def _decisions() -> str:
    lines = ["# Decisions", "", "Why it is as it is, one page each.", ""]
    for page in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = page.read_text().splitlines()[0].removeprefix("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join([*lines, ""])


def _write(target: Path, text: str) -> None:
    """Only where it differs: a changed file would start a watching server again, for ever."""
    if not target.exists() or target.read_text() != text:
        target.write_text(text)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links out of ``docs/`` lead to files of the repository, which the site does not hold."""
    return _OUTSIDE.sub(r"\1 (`\2` in the repository)", markdown)


def _shown(value: Any) -> Any:
    """A type that may be null is shown by its name: the reference's tables leave ``anyOf`` blank."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if not isinstance(value, dict):
        return value
    options = [one for one in value.get("anyOf", []) if one != {"type": "null"}]
    if len(options) == 1:
        value = {**options[0], **{key: item for key, item in value.items() if key != "anyOf"}}
    return {key: _shown(item) for key, item in value.items()}
