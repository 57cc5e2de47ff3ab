"""Set up ``.venv`` on a machine that has Python and perhaps nothing else.

``python3 tools/bootstrap.py run`` installs what the program needs, ``dev`` also what its tests and the
training need: system packages that are missing (apt), uv, and the packages of the lock file, each checked
against its hash. A second call finds everything there and takes under a second.

Only the standard library is used, and no syntax that an older Python could not read: it must get as far as
saying which Python it needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TOOLS = ROOT / ".tools"  # where uv goes when the system has none

sys.path.insert(0, str(ROOT))
from agecam.system_libraries import (  # noqa: E402
    SystemLibrary,
    how_to_install,
    install_command,
    is_root,
    missing_libraries,
    packages_of,
)

if TYPE_CHECKING:
    from agecam.system_libraries import Which


class BootstrapError(Exception):
    """Something is missing that only the user can provide; the text says what."""


def succeeds(*command: str) -> bool:
    """Run a command, throw its output away and say whether it succeeded."""
    return run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(command: Sequence[str], **options: Any) -> bool:
    """Run a command in the project's folder and say whether it succeeded."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False, **options).returncode == 0
    except OSError:
        return False


class System(NamedTuple):
    """What is asked of the operating system before anything is installed."""

    platform: str = sys.platform
    missing_libraries: Callable[[], Sequence[SystemLibrary]] = missing_libraries
    which: Which = shutil.which
    is_root: Callable[[], bool] = is_root


def apt_install(packages: list[str], sonames: list[str], system: System) -> None:
    """Install system packages, or say how."""
    command = install_command(packages, system.which, system.is_root)
    if command is None or (command[0] == "sudo" and not can_sudo(system)):
        raise BootstrapError(how_to_install(packages, sonames, system.which, system.is_root))
    print("Installing system packages:", " ".join(packages), flush=True)
    update = [*command[: command.index("install")], "update"]
    options = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    # A fresh system has no package lists; an old one has stale ones.
    run(update, **options)
    if not run(command, **options):
        raise BootstrapError(how_to_install(packages, sonames))


def can_sudo(system: System) -> bool:
    """Whether sudo is there and either needs no password or has somebody to ask for it."""
    return system.which("sudo") is not None and (sys.stdin.isatty() or succeeds("sudo", "-n", "true"))


def install_system_packages(for_tests: bool, system: System) -> None:
    missing = system.missing_libraries()
    packages, sonames = packages_of(missing), [library.soname for library in missing]
    if system.platform.startswith("linux"):
        # Text without any font is empty squares.
        if not any(Path("/usr/share/fonts").rglob("*.[to]tf")) and system.which("apt-get"):
            packages.append("fonts-dejavu-core")
        if not CERTIFICATES.exists() and system.which("apt-get"):
            packages.append("ca-certificates")
        for program in ("Xvfb", "strace") if for_tests else ():
            if system.which(program) is None:
                packages.append(program.lower())
                sonames.append(program)
    if packages:
        apt_install(packages, sonames, system)


def find_uv(system: System) -> str:
    """The uv of the system, or one in ``.tools`` that nothing else on the system sees."""
    own = TOOLS / "bin" / "uv"
    for uv in ("uv", str(own)):
        if succeeds(uv, "--version"):
            return uv
    print("Installing uv into .tools", flush=True)
    if not make_tools():
        # Debian and Ubuntu keep venv's part that installs pip in a package of its own.
        apt_install(["python3-venv"], ["Python's module venv"], system)
        if not make_tools():
            raise BootstrapError("Python cannot make a virtual environment here. Install uv, then try again.")
    if not run([str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv>=0.8"]):
        raise BootstrapError("uv could not be downloaded. Check the network connection, then try again.")
    return str(own)


def make_tools() -> bool:
    shutil.rmtree(TOOLS, ignore_errors=True)
    return succeeds(sys.executable, "-m", "venv", str(TOOLS))


def is_supported(python: str) -> bool:
    """Whether this interpreter runs and is of a version that all locked packages are there for."""
    return succeeds(python, "-c", "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))")


def make_environment(uv: str) -> str:
    """The Python of ``.venv``, which is made where it is missing or broken."""
    python = str(VENV / "bin" / "python")
    if not is_supported(python):
        # If this Python is too old or too new, uv looks for another one, and may fetch it.
        wanted = sys.executable if is_supported(sys.executable) else ">=3.11,<3.14"
        if not run([uv, "venv", "--quiet", "--clear", "--python", wanted, str(VENV)]):
            raise BootstrapError(
                "AgeCam needs Python 3.11, 3.12 or 3.13. Install one of them, then try again."
            )
    return python


def install_python_packages(uv: str, python: str, for_tests: bool) -> None:
    """Bring ``.venv`` to what the lock file says, and AgeCam itself into it, editable."""
    if for_tests:
        # Compiled once: the tests start a hundred processes, and each would compile what it imports where
        # PYTHONDONTWRITEBYTECODE is set (2 s of the program, 12 s of TensorFlow, on a slow core).
        command = [uv, "pip", "sync", "--compile-bytecode", "--python", python]
        command += ["requirements-dev.lock", "tools/editable.txt"]
    else:
        # Adds only: the program does not mind what a developer has beside it.
        command = [uv, "pip", "install", "--python", python, "--no-deps"]
        command += ["--requirements", "requirements.lock", "--requirements", "tools/editable.txt"]
    if not run(command, env=uv_environment()):
        raise BootstrapError("The Python packages could not be installed. The lines above say why.")


def uv_environment() -> dict[str, str]:
    # TensorFlow alone is 600 MB: slow networks need more than uv's 30 s without an answer.
    ours = {"UV_HTTP_TIMEOUT": "300"}
    if CERTIFICATES.exists():
        # Networks with a certificate authority of their own: trust whom the system trusts.
        ours["UV_SYSTEM_CERTS"] = "1"
    return {**ours, **os.environ}


def main(arguments: Sequence[str], system: System | None = None) -> int:
    """Exit code: 0 all is there, 1 something is missing, 2 wrong usage."""
    if list(arguments) not in (["run"], ["dev"]):
        print("usage: bootstrap.py run|dev", file=sys.stderr)
        return 2
    for_tests = arguments[0] == "dev"
    system = system or System()
    try:
        install_system_packages(for_tests, system)
        uv = find_uv(system)
        install_python_packages(uv, make_environment(uv), for_tests)
    except BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
