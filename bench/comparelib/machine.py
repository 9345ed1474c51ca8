"""What the machine says of itself."""

import os
import platform
import re
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")


def describe() -> str:
    system = re.search(r'PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text())
    release = re.match(r"[\d.]*", platform.release())[0]
    return f"{cpu_model()}, {cores()}, {system[1] if system else ''}, kernel {platform.system()} {release}"


def cpu_model() -> str:
    model = re.search(r"model name\s*: (.*)", cpuinfo())
    return model[1] if model else platform.machine()


def cores() -> str:
    """Says how many cores and threads of them are shown, which a virtual machine may invent."""
    siblings = [file.read_text().strip() for file in CPUS.glob("cpu[0-9]*/topology/thread_siblings_list")]
    threads, physical = os.cpu_count(), len(set(siblings))
    virtual = " (a virtual machine)" if re.search(r"^flags.*\bhypervisor\b", cpuinfo(), re.MULTILINE) else ""
    if not physical:
        return f"{threads} CPUs{virtual}"
    each = threads // physical
    return f"{physical} cores with {each} hardware thread{'s' * (each > 1)} each{virtual}"


def cpuinfo() -> str:
    return Path("/proc/cpuinfo").read_text()
