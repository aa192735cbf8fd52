"""NVIDIA Triton from the ``nvidia-pytriton`` wheel: the real server with its Python backend.

The wheel's folder is copied once (the backend's stub must lie beside the backend), and the server
itself is started, not PyTriton. Its Python stub must find the library of this very Python, and was
built for NumPy 1: under NumPy 2 its arrays have wrong strides. The stub ignores PYTHONPATH but looks
first into the server's working folder, so that folder holds a NumPy 1 of its own and our code.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

from services.processes.process import ProcessFailed, ProcessSpec
from services.standalone.ports import HOST
from services.standalone.probe import http_ok

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models" / "triton"
NUMPY_1 = Path(sys.prefix) / "triton-python"  # pip install --no-deps --target … numpy==1.26.4
PYTHONS = ((3, 11), (3, 12))  # NumPy 1.26 has no wheel for 3.13, nor does that stub load Debian's
PORTS = ("triton_http", "triton_grpc", "triton_metrics")


def missing() -> str:
    """Why Triton cannot run here; empty if it can."""
    if not sys.platform.startswith("linux"):
        return f"there is no Triton for {sys.platform}"
    if sys.version_info[:2] not in PYTHONS:
        return f"Triton's stub needs NumPy 1, which has no wheel for Python {_version()}"
    if importlib.util.find_spec("pytriton") is None:
        return "the wheel nvidia-pytriton is not installed"
    if not _stub().is_file():
        return f"the wheel nvidia-pytriton has no stub for Python {_version()}"
    if _library_folder() is None:
        return (
            f"there is no libpython{_version()}.so.1.0 (Debian: apt install libpython{_version()})"
        )
    if not (NUMPY_1 / "numpy").is_dir():
        return f"its NumPy 1 is not in {NUMPY_1}"
    return ""


def spec(
    home: Path,
    ports: dict[str, int],
    releases: Path,
    *,
    models: Path = MODELS,
    release: str = "",
    threads: int = 0,
    concurrency: int = 0,
    log: Path | None = None,
    host: str = HOST,
) -> ProcessSpec:
    """``releases`` is the folder of releases; ``release`` names one, empty means the active one.
    ``threads`` compute one image, and ``concurrency`` images are read at once (0: by the processors).

    Raises:
        ProcessFailed: Triton cannot run on this machine; the in-process runner can.
    """
    why = missing()
    if why:
        raise ProcessFailed(f"Triton cannot run here: {why}.")
    server = assemble(home / "triton")
    repository = home / "triton" / "models"
    shutil.rmtree(repository, ignore_errors=True)
    shutil.copytree(models, repository, ignore=shutil.ignore_patterns("__pycache__"))
    command = (
        str(server / "bin" / "tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={server / 'backends'}",
        f"--cache-directory={server / 'caches'}",
        f"--backend-config=python,shm-region-prefix-name={_region(ports)}",
        "--model-control-mode=explicit", "--load-model=*",
        "--exit-on-error=true", "--exit-timeout-secs=5", "--disable-auto-complete-config",
        f"--http-address={host}", f"--http-port={ports['triton_http']}",
        f"--grpc-address={host}", f"--grpc-port={ports['triton_grpc']}",
        f"--metrics-address={host}", f"--metrics-port={ports['triton_metrics']}",
        "--log-verbose=0", "--log-info=false",
    )  # fmt: skip
    return ProcessSpec(
        name="triton",
        command=command,
        cwd=server / "python",
        env={
            **environment(),
            "FADA_RELEASES": str(releases.resolve()),
            "FADA_RELEASE": release,
            "FADA_MODEL_THREADS": str(threads or model_threads()),
            "FADA_MODEL_CONCURRENCY": str(concurrency or model_concurrency()),
        },
        log=log or home / "logs" / "triton.log",
        tidy=lambda: _forget_regions(_region(ports)),
        ready=lambda: http_ok(ports["triton_http"], "/v2/health/ready"),
        stop_seconds=15,
    )


def _region(ports: dict[str, int]) -> str:
    return f"fada-triton-{ports['triton_grpc']}-"


def _forget_regions(prefix: str) -> None:
    """A server that was killed leaves its shared memory behind."""
    for region in Path("/dev/shm").glob(f"{prefix}*"):  # noqa: S108
        region.unlink(missing_ok=True)


def assemble(folder: Path) -> Path:
    """A complete server in ``folder``, copied from the wheel unless this version of it is there."""
    wheel = _wheel()
    version = f"{importlib.metadata.version('nvidia-pytriton')} python{_version()} {ROOT} {NUMPY_1}"
    server, marker = folder / "server", folder / "server" / ".version"
    if marker.is_file() and marker.read_text() == version:
        return server
    shutil.rmtree(server, ignore_errors=True)
    for name in ("bin", "backends", "caches"):
        shutil.copytree(wheel / name, server / name)
    shutil.copy2(_stub(), server / "backends" / "python")
    (server / "python").mkdir()
    for source in (*NUMPY_1.glob("numpy*"), ROOT / "services"):
        (server / "python" / source.name).symlink_to(source)
    marker.write_text(version)
    return server


def environment() -> dict[str, str]:
    """What the server and its stub need: the libraries of the wheel and of this Python.

    The stub finds its standard library and site-packages by the first Python on the PATH.
    """
    libraries = [
        str(_wheel().parents[1] / "nvidia_pytriton.libs"),
        str(_library_folder() or ""),
        os.environ.get("LD_LIBRARY_PATH", ""),
    ]
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "OMP_NUM_THREADS": "1",
    }


def _wheel() -> Path:
    spec = importlib.util.find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise ProcessFailed("Triton cannot run here: the wheel nvidia-pytriton is not installed.")
    return Path(spec.origin).parent / "tritonserver"


def _stub() -> Path:
    return _wheel() / "python_backend_stubs" / _version() / "triton_python_backend_stub"


def _library_folder() -> Path | None:
    """Where this very Python's shared library lies; Debian keeps it in a package of its own."""
    library = Path(str(sysconfig.get_config_var("LIBDIR")))
    system = str(sysconfig.get_config_var("MULTIARCH"))
    folders = [library, library / system, Path("/usr/lib") / system]
    return next((f for f in folders if (f / f"libpython{_version()}.so.1.0").is_file()), None)


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def model_threads() -> int:
    """Half of the processors: llama.cpp's threads wait for each other by spinning, so that one
    which has to share its processor slows all of them many times over."""
    return max(1, (os.cpu_count() or 2) // 2)


def model_concurrency() -> int:
    """Images read at once, each by ``model_threads``: all processors while the queue is not empty. A
    graph of this size gains less from more threads than from a second image."""
    return min(2, os.cpu_count() or 1)
