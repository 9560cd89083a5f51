"""What a decoder gives up before it reads its first file: memory beyond a limit, core dumps, network, other processes.

Everything here is Linux. What a kernel or container does not permit is left out; `echoscribe doctor` says so.
"""

import ctypes
import platform
import resource
import signal
from typing import Final

# Numbers of <linux/prctl.h>, <linux/sched.h>, <linux/seccomp.h>, <linux/audit.h>, <linux/bpf_common.h>.
_PARENT_DEATH_SIGNAL, _DUMPABLE, _NAME, _SECCOMP, _NO_NEW_PRIVILEGES = 1, 4, 15, 22, 38
_FILTER_MODE: Final = 2
_NEW_USER, _NEW_NET, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _NOT_PERMITTED = 0x7FFF0000, 0x80000000, 0x00050001
_X32: Final = 0x40000000  # system calls of another ABI, which the table below does not list
# Numbers of system calls that no decoder makes, by architecture: opening sockets, starting programs, reading or ending
# other processes, and doors around the filter itself. Source: the kernel's syscall tables (64 bit, and generic).
_REFUSED_CALLS: Final = {
    "x86_64": (
        0xC000003E,
        (41, 59, 62, 101, 165, 272, 248, 249, 250, 298, 308, 310, 311, 319, 321, 322, 323, 424, 425, 434, 438),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 221, 129, 117, 40, 97, 217, 218, 219, 241, 268, 270, 271, 279, 280, 281, 282, 424, 425, 434, 438),
    ),
}
_CAPABILITY_VERSION_3: Final = 0x20080522
_READ_ANY_FILE: Final = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: files that root may read, its decoders may

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def leave_network() -> bool:
    """Moves this process and those it starts into a network without any device; whether the kernel permits it.

    Root may do so at once, others within a user namespace of their own where those are permitted.
    """
    return any(_libc.unshare(flags) == 0 for flags in (_NEW_NET | _NEW_IPC, _NEW_USER | _NEW_NET | _NEW_IPC))


def die_with_parent() -> None:
    """Has the kernel kill this process when the one that forked it ends, however it ends."""
    _libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def enter(memory_bytes: int) -> bool:
    """Gives everything up; whether sockets are refused from now on.

    Memory is bounded by RLIMIT_DATA: what the process may write of its own. RLIMIT_AS would also count libraries,
    reserved addresses of the allocator and the frames that are shared, some gigabytes that take no memory.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    _libc.prctl(_NAME, b"decoder", 0, 0, 0)
    _libc.prctl(_DUMPABLE, 0, 0, 0, 0)  # no core dump through a pipe, and no other process of the user looks in
    _drop_capabilities()
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return _refuse_calls()


def _drop_capabilities() -> None:
    """Keeps, of root's rights, only that of reading files."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)()
    if _libc.capget(header, rights) == 0:
        low_effective, low_permitted = rights[0] & _READ_ANY_FILE, rights[1] & _READ_ANY_FILE
        _libc.capset(header, (ctypes.c_uint32 * 6)(low_effective, low_permitted, 0, 0, 0, 0))


def _refuse_calls() -> bool:
    """Has the kernel answer "not permitted" to the system calls above; whether it does."""
    if platform.machine() not in _REFUSED_CALLS:
        return False
    architecture, calls = _REFUSED_CALLS[platform.machine()]
    checks = [(_AT_LEAST, _X32), *((_EQUAL, call) for call in calls)]
    steps = [
        _Instruction(_LOAD, 0, 0, 4),  # architecture
        _Instruction(_EQUAL, 1, 0, architecture),
        _Instruction(_RETURN, 0, 0, _KILL),
        _Instruction(_LOAD, 0, 0, 0),  # number of the call
        *(_Instruction(code, len(checks) - at, 0, k) for at, (code, k) in enumerate(checks)),
        _Instruction(_RETURN, 0, 0, _ALLOW),
        _Instruction(_RETURN, 0, 0, _NOT_PERMITTED),
    ]
    program = _Program(len(steps), (_Instruction * len(steps))(*steps))
    refused: int = _libc.prctl(_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0)
    return refused == 0
