"""NVIDIA Triton from the ``nvidia-pytriton`` wheel: the real server with its Python backend.

The wheel's folder is copied once (the backend's stub must lie beside the backend), and the server
itself is started, not PyTriton. Its Python stub must find the library of this very Python.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

from services.standalone.ports import HOST
from services.standalone.probe import http_ok
from services.standalone.process import Part, PartFailed

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models" / "triton"
PORTS = ("triton_http", "triton_grpc", "triton_metrics")


def missing() -> str:
    """Why Triton cannot run here; empty if it can."""
    if not sys.platform.startswith("linux"):
        return f"there is no Triton for {sys.platform}"
    if importlib.util.find_spec("pytriton") is None:
        return "the wheel nvidia-pytriton is not installed"
    if not _stub().is_file():
        return f"the wheel nvidia-pytriton has no stub for Python {_version()}"
    return ""


def part(
    home: Path,
    ports: dict[str, int],
    releases: Path,
    *,
    models: Path = MODELS,
    release: str = "",
    threads: int = 0,
    log: Path | None = None,
) -> Part:
    """``releases`` is the folder of releases; ``release`` names one, empty means the active one.

    Raises:
        PartFailed: Triton cannot run on this machine; the in-process runner can.
    """
    why = missing()
    if why:
        raise PartFailed(f"Triton cannot run here: {why}.")
    server = assemble(home / "triton")
    command = (
        str(server / "bin" / "tritonserver"),
        f"--model-repository={models}",
        f"--backend-directory={server / 'backends'}",
        f"--cache-directory={server / 'caches'}",
        "--model-control-mode=explicit", "--load-model=*",
        "--exit-on-error=true", "--exit-timeout-secs=5", "--disable-auto-complete-config",
        f"--http-address={HOST}", f"--http-port={ports['triton_http']}",
        f"--grpc-address={HOST}", f"--grpc-port={ports['triton_grpc']}",
        f"--metrics-address={HOST}", f"--metrics-port={ports['triton_metrics']}",
        "--log-verbose=0", "--log-info=false",
    )  # fmt: skip
    return Part(
        name="triton",
        command=command,
        env={
            **environment(),
            "FADA_RELEASES": str(releases.resolve()),
            "FADA_RELEASE": release,
            "FADA_MODEL_THREADS": str(threads or os.cpu_count() or 1),
        },
        log=log or home / "logs" / "triton.log",
        ready=lambda: http_ok(ports["triton_http"], "/v2/health/ready"),
        start_seconds=120,
        stop_seconds=15,
    )


def assemble(folder: Path) -> Path:
    """A complete server in ``folder``, copied from the wheel unless this version of it is there."""
    wheel = _wheel()
    version = f"{importlib.metadata.version('nvidia-pytriton')} python{_version()}"
    server, marker = folder / "server", folder / "server" / ".version"
    if marker.is_file() and marker.read_text() == version:
        return server
    shutil.rmtree(server, ignore_errors=True)
    for name in ("bin", "backends", "caches"):
        shutil.copytree(wheel / name, server / name)
    shutil.copy2(_stub(), server / "backends" / "python")
    marker.write_text(version)
    return server


def environment() -> dict[str, str]:
    """What the server and its stub need: libraries of the wheel and of this Python, and our code.

    Without PYTHONDONTWRITEBYTECODE the stub writes beside the model, which then looks changed.
    """
    libraries = [
        str(_wheel().parents[1] / "nvidia_pytriton.libs"),
        str(sysconfig.get_config_var("LIBDIR")),
        os.environ.get("LD_LIBRARY_PATH", ""),
    ]
    paths = [str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PYTHONPATH": ":".join(dict.fromkeys(paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }


def _wheel() -> Path:
    spec = importlib.util.find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise PartFailed("Triton cannot run here: the wheel nvidia-pytriton is not installed.")
    return Path(spec.origin).parent / "tritonserver"


def _stub() -> Path:
    return _wheel() / "python_backend_stubs" / _version() / "triton_python_backend_stub"


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
