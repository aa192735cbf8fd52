"""A process shuts itself in before it opens bytes from outside: no network, no program, no other files.

Linux alone, without rights and without a library: ``no_new_privs``, Landlock (kernel 5.13) for files and
a seccomp filter for system calls, by ``prctl``. What a kernel does not have is left out. Both hold for
threads that begin later; call it before there are any.

Sources: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.processes.system_calls import ARCHITECTURES, Architecture

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # landlock_*, the same number on every architecture
_VERSION: Final = 1
_BENEATH: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_REG = 1, 2, 4, 8, 1 << 5, 1 << 8
_TRUNCATE: Final = 1 << 14
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # bits of file rights by Landlock's version
_TCP: Final = 0b11  # bind, connect (version 4)
_SCOPES: Final = 0b11  # abstract sockets, signals (version 6)
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_THREAD: Final = 0x00010000  # CLONE_THREAD
# What Python, NumPy, the decoders and ONNX Runtime read of the system.
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache", "/etc/localtime", "/proc",
    "/sys/devices/system", "/dev/null", "/dev/urandom",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What holds: Landlock's version (0: none) and whether system calls are filtered."""

    landlock: int
    seccomp: bool


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> Sandbox:
    """From now on this process reads and writes beneath these folders alone (and reads the system's
    libraries), opens no socket and starts no program; it is answered EPERM or EACCES.
    """
    if sys.platform != "linux":
        return Sandbox(0, False)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return Sandbox(0, False)
    return Sandbox(_landlock(libc, readable, writable), _filter(libc))


def available() -> Sandbox:
    """What this kernel has; nothing is changed."""
    if sys.platform != "linux":
        return Sandbox(0, False)
    libc = ctypes.CDLL(None, use_errno=True)
    # A filter at no address: EFAULT where filters are known, EINVAL where not.
    filters = libc.prctl(_SET_SECCOMP, _FILTER, 0, 0, 0) != 0 and ctypes.get_errno() == errno.EFAULT
    return Sandbox(_version(libc), filters and platform.machine() in ARCHITECTURES)


def _version(libc: ctypes.CDLL) -> int:
    return max(0, int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)))


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path], writable: Iterable[Path]) -> int:
    version = _version(libc)
    if version == 0:
        return 0
    handled = (1 << _RIGHTS.get(version, 16)) - 1
    words = [handled, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0]
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE, struct.pack("=QQQ", *words), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return 0
    try:
        read = _READ_FILE | _READ_DIR
        write = read | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
        for path in (*map(Path, _SYSTEM), *readable):
            _allow(libc, ruleset, path, read & handled)
        for path in writable:
            _allow(libc, ruleset, path, write & handled)
        return version if libc.syscall(_RESTRICT, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """A path that is not there is no path to read."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if path.is_dir() else rights & _OF_FILES
        libc.syscall(_ADD, ruleset, _BENEATH, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


def _filter(libc: ctypes.CDLL) -> bool:
    machine = ARCHITECTURES.get(platform.machine())
    if machine is None:
        return False
    program = b"".join(_program(machine))
    held = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, described, 0, 0) == 0)


def _program(machine: Architecture) -> list[bytes]:
    """Classic BPF over ``struct seccomp_data``: number at 0, architecture at 4, arguments from 16."""
    refuse = _step(_RETURN, _REFUSE | errno.EPERM)
    steps = [_step(_LOAD, 4), _step(_EQUAL, machine.audit, 1, 0), refuse, _step(_LOAD, 0)]
    if machine.other_numbers:  # x32 on x86-64
        steps += [_step(_AT_LEAST, machine.other_numbers, 0, 1), refuse]
    # Its flags lie in memory, out of sight; without it the C library makes threads by clone.
    steps += [_step(_EQUAL, machine.clone3, 0, 1), _step(_RETURN, _REFUSE | errno.ENOSYS)]
    for number in machine.refused:
        steps += [_step(_EQUAL, number, 0, 1), refuse]
    steps += [_step(_EQUAL, machine.clone, 1, 0), _step(_RETURN, _ALLOW)]
    return [*steps, _step(_LOAD, 16), _step(_HAS, _THREAD, 1, 0), refuse, _step(_RETURN, _ALLOW)]


def _step(code: int, value: int, jump: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump, otherwise, value)
