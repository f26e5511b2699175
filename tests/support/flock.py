"""A disk whose locks fail or lie: for one process and its children the kernel answers `flock` with what we say.

`python -m tests.support.flock ENOLCK command ...` runs a command on a disk without locks; with `OK`, `flock` does nothing
and says that it did, as on a mount whose locks hold on one host alone. That is a filter of system calls (seccomp), for
which Linux asks no rights.
"""

import ctypes
import errno
import os
import platform
import sys

_FLOCK = {"x86_64": 73, "aarch64": 32}  # the number of the system call
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_ANSWER, _ALLOW = 0x00050000, 0x7FFF0000


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


def can_answer() -> bool:
    """Whether this machine can do so."""
    return sys.platform == "linux" and platform.machine() in _FLOCK


def answer_flock(number: int) -> None:
    """Let each `flock` of this process and its children fail with an error, or with 0 do nothing."""
    instructions = (_Instruction * 4)(
        _Instruction(_LOAD, 0, 0, 0),
        _Instruction(_EQUALS, 0, 1, _FLOCK[platform.machine()]),
        _Instruction(_RETURN, 0, 0, _ANSWER | number),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(instructions), instructions)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(
        _SECCOMP, _FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    answer_flock(0 if sys.argv[1] == "OK" else getattr(errno, sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
