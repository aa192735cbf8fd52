"""Builds fada-read: `python -m edge.android.build [--out build/android]`.

llama.cpp is taken from the source package of the runtime that the hub has, so that both run the same
code. Zig brings compiler, libc (musl) and C++ library: what comes out is static and needs nothing of
the phone's. Objects are kept in the cache: a second build takes seconds. The cache is shared by all copies
of this repository: whoever builds there waits until the one before has done.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from services.source_package import SourcePackage

PACKAGE: Final = "xllamacpp"
VERSION: Final = "2026.10.11549"
SHA256: Final = "c17ee1163006f70726abb9f72137830818f3d8cb60bfc34cb232d08428eaa22b"
TARGET: Final = "aarch64-linux-musl"
# What every 64-bit phone has, in Zig's words; the variants of ggml's kernels are in CMakeLists.txt.
CPU: Final = "generic"
CACHE: Final = Path("~/.cache/fada/android").expanduser()
PROGRAM: Final = "fada-read"
_SOURCES: Final = Path(__file__).parent / "program"
_LLAMA_CPP: Final = SourcePackage(
    PACKAGE,
    VERSION,
    SHA256,
    f"{PACKAGE}-{VERSION}/thirdparty/llama.cpp/",
    (
        *("CMakeLists.txt", "LICENSE", "licenses/", "cmake/", "include/", "src/", "vendor/"),
        *("tools/mtmd/", "ggml/CMakeLists.txt", "ggml/cmake/", "ggml/include/", "ggml/src/ggml"),
        *("ggml/src/CMakeLists.txt", "ggml/src/gguf"),
    ),
)


# The compiler's own headers lie in an environment that may be made anew: they make nothing stale.
_SCRIPT: Final = """#!/bin/sh
for word do shift; [ "$word" = -MD ] && word=-MMD; set -- "$@" "$word"; done
{own} exec "{zig}" {words} "$@"
"""


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """No other process builds in this cache meanwhile; the lock ends with its process."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another build is at work in {cache}; waiting for it.", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sources(cache: Path = CACHE) -> Path:
    """The folder of llama.cpp's sources, fetched with pip if they are not there yet.

    Raises:
        subprocess.CalledProcessError: pip cannot fetch them (no network).
        ValueError: what came is not what was pinned.
    """
    with alone(cache):
        return _fetched(cache)


def _fetched(cache: Path) -> Path:
    folder = cache / f"llama.cpp-{VERSION}"
    if not folder.exists():
        _LLAMA_CPP.unpack(folder)
    return folder


def compilers(cpu: str, cache: Path = CACHE) -> dict[str, Path]:
    """CMake's names for the tools, each a small script around Zig."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("Zig is needed: .venv/bin/pip install -e '.[android]'")
    zig = Path(spec.origin).parent / "zig"
    kept = cache / f"zig-{version('ziglang')}"
    folder = kept / cpu
    folder.mkdir(parents=True, exist_ok=True)
    # Zig makes its libraries anew for each processor, optimisation and stripping: the same ones always.
    flags = f"-target {TARGET} -mcpu={cpu} -O2 -s"
    tools = {
        "C_COMPILER": f"cc {flags}",
        "CXX_COMPILER": f"c++ {flags}",
        "AR": "ar",
        "RANLIB": "ranlib",
    }
    made = {}
    for name, words in tools.items():
        script = folder / name.lower()
        own = f"ZIG_GLOBAL_CACHE_DIR={kept}/global ZIG_LOCAL_CACHE_DIR={kept}/local"
        script.write_text(_SCRIPT.format(own=own, zig=zig, words=words))
        script.chmod(0o755)
        made[name] = script
    return made


def _forget_other_tree(objects: Path) -> None:
    """CMake refuses a folder that another copy of this repository has used; what is compiled there
    is llama.cpp above all, and stays."""
    kept = objects / "CMakeCache.txt"
    if kept.exists() and f"CMAKE_HOME_DIRECTORY:INTERNAL={_SOURCES}\n" not in kept.read_text(
        "utf-8"
    ):
        kept.unlink()


def settled(objects: Path, environment: Mapping[str, str]) -> bool:
    """Whether Ninja, having just built the program there, has nothing left to do.

    Its logs tell what each object was made from. Where a power cut damaged them, or files bear times to
    come, every later build would compile the same files again.
    """
    command = ["ninja", "-C", str(objects), "-n", PROGRAM]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    return "no work to do" in done.stdout


def build(out: Path, cpu: str = CPU, cache: Path = CACHE, jobs: int = 0) -> Path:
    """Writes OUT/fada-read and returns its path.

    Raises:
        subprocess.CalledProcessError: a tool failed; it has said why.
    """
    with alone(cache):
        return _build(out, cpu, cache, jobs)


def _build(out: Path, cpu: str, cache: Path, jobs: int) -> Path:
    llama, tools = _fetched(cache), compilers(cpu, cache)
    objects = cache / f"{VERSION}-zig{version('ziglang')}-{cpu}"
    # Scripts stand beside the python that runs this, whether its environment is active or not.
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment = {**os.environ, **path}
    configure = [
        *("cmake", "-S", str(_SOURCES), "-B", str(objects), "-G", "Ninja", "--log-level=ERROR"),
        *("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"),
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",  # nothing is linked but the program
        "-DCMAKE_BUILD_TYPE=Release",
        *("-DCMAKE_C_FLAGS_RELEASE=-DNDEBUG", "-DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG"),
        *(f"-DLLAMA_CPP={llama}", f"-DPYTHON={sys.executable}"),
        *(f"-DCMAKE_{name}={path}" for name, path in tools.items()),
    ]
    make = ["cmake", "--build", str(objects), "--target", PROGRAM]
    make += ["-j", str(jobs or os.cpu_count() or 1)]

    def compile_all() -> None:
        _forget_other_tree(objects)
        for command in (configure, make):
            subprocess.run(command, check=True, env=environment)

    compile_all()
    if not settled(objects, environment):
        print(f"{objects} was left damaged by a build that was cut off; building anew.", flush=True)
        shutil.rmtree(objects)
        compile_all()
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(objects / PROGRAM, out / PROGRAM)
    shutil.copy(llama / "LICENSE", out / "LICENSE-llama.cpp.txt")  # goes wherever the program goes
    return out / PROGRAM


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/android"))
    parser.add_argument("--jobs", type=int, default=0, help="0: one for each core")
    args = parser.parse_args()
    began = time.monotonic()
    program = build(args.out, jobs=args.jobs)
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    print(f"{program}: {program.stat().st_size} bytes, sha256 {digest}")
    print(f"built in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
