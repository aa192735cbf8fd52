"""Python imports this by itself at its start, where this folder stands first on PYTHONPATH."""

import os

if os.environ.get("FADA_WALK"):
    import walk_tracer

    walk_tracer.install()
