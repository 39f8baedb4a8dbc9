"""A disk that is full, for one process and all it starts: the kernel itself answers ENOSPC where a file grows.

A seccomp filter needs neither root nor a mount, so it works in every container. Files may be rewritten, but
none may grow beyond the limit.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Callable, Sequence

VARIABLE = "MAPWRIGHT_TEST_DISK"
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSPC
_CALLS = {"x86_64": (18, 296, 285), "aarch64": (68, 70, 47)}  # pwrite64, pwritev, fallocate
_NUMBER, _ALLOCATED, _WRITTEN = 0, 32, 40  # of the call; where the offset stands for either


def full_at(limit: int) -> Callable[[], None]:
    """What a child process calls before it starts: from then on no file of it grows beyond the limit."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = _program(limit)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))

    def fill(keep: object = code) -> None:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0):
            raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")

    return fill


def _program(limit: int) -> Sequence[tuple[int, int, int, int]]:
    """(operation, lines to skip if true, if false, operand), as the kernel reads it."""
    pwrite, pwritev, fallocate = _CALLS[platform.machine()]
    return [
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 3, 0, pwrite),
        (_EQUAL, 2, 0, pwritev),
        (_EQUAL, 3, 0, fallocate),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _WRITTEN),
        (_AT_LEAST, 2, 3, limit),
        (_LOAD, 0, 0, _ALLOCATED),
        (_AT_LEAST, 0, 1, limit // 2),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
