"""The memory of this process, on Linux, macOS and Windows: how much it held at most, that no crash writes it to the disk, and that
a month is matched without Python's search for cycles and without giving every large column back to the system at once."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator

_NO_CRASH_DIALOGUE = 0x0001 | 0x0002  # SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX
_NO_HEAP_IN_REPORTS = 1  # WER_FAULT_REPORTING_FLAG_NOHEAP
_PR_SET_DUMPABLE = 4
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 1 << 25  # the most that the C library takes for it


def no_core_dumps() -> None:
    """Have the operating system keep this process's memory out of core dumps and crash reports, as far as it can be told to.

    A system that refuses is no reason not to run: then what its crash handler does with memory is its administrator's to set.
    """
    import ctypes

    if sys.platform == "win32":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.windll.kernel32.SetErrorMode(_NO_CRASH_DIALOGUE)
            ctypes.windll.kernel32.WerSetFlags(_NO_HEAP_IN_REPORTS)
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # a handler that core_pattern pipes to is asked even where the limit is nought
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def reuse_memory() -> None:
    """Have freed columns used again by the next ones, where the C library can be told to (Linux; elsewhere nothing is changed).

    A month makes thousands of columns of a few MB that live for a moment. Given back and asked for anew, each of their pages is
    cleared by the system every time, which took a twentieth of a run.
    """
    if sys.platform != "linux":
        return
    import ctypes

    import pyarrow as pa

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        pa.set_memory_pool(pa.system_memory_pool())


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """No search for cycles inside: a month makes millions of objects and next to no cycles, and each search walks all of them.
    So does loading the modules that it takes.

    What is in no cycle goes at once all the same. Serves as a decorator.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def peak_rss_mb() -> float:
    """Peak resident set size of this process in MiB."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = [
                ("cb", wintypes.DWORD),
                ("faults", wintypes.DWORD),
                *((f"size{n}", ctypes.c_size_t) for n in range(8)),
            ]

        counters = Counters()
        counters.cb = ctypes.sizeof(Counters)
        process = ctypes.windll.kernel32.GetCurrentProcess()
        ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
        return round(counters.size0 / 2**20, 1)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
