"""The settings of the private PostgreSQL, measured by the machine it shares with others."""

import os
from pathlib import Path

MB = 1024 * 1024
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only its size is asked
PREAMBLE = """\
# Written anew at every start. To change a setting for good: ALTER SYSTEM SET … in SQL.
include 'pg/postgresql.conf'
"""


def text() -> str:
    """The settings file, to lie beside the directory `pg`."""
    lines = [f"{name} = '{value}'\n" for name, value in values(memory()).items()]
    return PREAMBLE + "".join(lines)


def values(memory_bytes: int) -> dict[str, str]:
    """Settings for a machine of that memory, most of which is not ours."""
    return {
        "shared_buffers": _share(memory_bytes, 8, least=32, most=2048),
        "effective_cache_size": _share(memory_bytes, 2, least=64, most=64 * 1024),
        "maintenance_work_mem": _share(memory_bytes, 32, least=32, most=512),
        "work_mem": _share(memory_bytes, 512, least=4, most=32),
        "max_connections": "60",
        "max_wal_size": "4GB",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # compiling costs more than our short queries
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        # what a statement was about may name people: no statements, values or rows in the log
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
    }


def memory() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's if less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such container, or `max`
        return machine


def _share(memory_bytes: int, part: int, *, least: int, most: int) -> str:
    return f"{min(max(memory_bytes // part // MB, least), most)}MB"


def _dynamic_shared_memory() -> str:
    """Files where /dev/shm is tiny: containers give it 64 MB, which one parallel join fills."""
    try:
        shared = os.statvfs(SHARED_MEMORY)
    except OSError:
        return "posix"  # macOS has no such file system, and no such limit
    return "posix" if shared.f_frsize * shared.f_blocks >= 256 * MB else "mmap"
