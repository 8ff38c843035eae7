# SPDX-License-Identifier: Apache-2.0
"""Set-up: the packages that are missing, then the guests' files in the cache. Done once; a failed or
interrupted one is repeated by running it again."""
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import guest_files
import requirements
from apt import AptState
from distribution import debian_codename, debian_sources, machine_sources, os_release, Source
from paths import CACHE
from say import Failure, say


def ensure():
    """What every other command needs first: nothing is said when nothing is missing."""
    codename = debian_codename()
    absent = requirements.missing()
    if absent:
        if codename is None:
            name_what_to_install(absent)
        install(codename, absent)
    wanted = guest_files.missing()
    if wanted:
        if codename is None:
            raise Failure(f"{os_release().get('PRETTY_NAME', 'this distribution')} is not Debian 12 or 13: put "
                          f"these into {CACHE}, from Debian's arm64 packages: {', '.join(wanted)}")
        archive, security = sources_of(codename)
        guest_files.fetch(codename, archive, security, wanted)


def ensure_provers():
    """What `prove` needs besides. Nothing else does: their absence stops neither build nor run."""
    absent = requirements.missing(requirements.PROVERS)
    if not absent:
        return
    codename = debian_codename()
    if codename is None:
        name_what_to_install(absent)
    if codename != "bookworm" and any(r.package == "frama-c-base" for r in absent):
        raise Failure(f"Debian's {codename} has no Frama-C: run the proofs on Debian 12, or put Frama-C 25, why3 1.5, "
                      "z3 and cvc4 into PATH")
    install(codename, absent)


def ensure_coq():
    """What the suite `spec` needs besides."""
    absent = requirements.missing(requirements.COQ)
    if not absent:
        return
    codename = debian_codename()
    if codename is None:
        name_what_to_install(absent)
    install(codename, absent)


def name_what_to_install(absent):
    names = ", ".join(f"{r.what} (Debian: {r.package})" for r in absent)
    raise Failure(f"{os_release().get('PRETTY_NAME', 'this distribution')} is not Debian 12 or 13: install these "
                  f"and run this again: {names}")


def sources_of(codename):
    archive, security = debian_sources(codename, machine_sources())
    if archive is None:
        raise Failure(f"no source of Debian {codename} main in /etc/apt/sources.list or sources.list.d: add one")
    return archive, security


def native_state(codename):
    archive, security = sources_of(codename)
    suites = [codename]
    if any(f"{codename}-updates" in source.suites for source in machine_sources()):
        suites.append(f"{codename}-updates")
    if codename == "bookworm":
        suites.append("bookworm-backports")
    sources = [Source(archive.uri, suites, ["main"], archive.options)]
    if security:
        sources.append(Source(security.uri, [f"{codename}-security"], ["main"], security.options))
    state = AptState(CACHE / "apt" / "native")
    state.write(sources)
    return state, archive


def install(codename, absent):
    say("missing on this machine: " + ", ".join(r.package for r in absent))
    state, archive = native_state(codename)
    try:
        state.update()
    except Failure as error:
        raise Failure(f"package lists from {archive.uri}: {error}") from None
    plans = []
    ordinary = [r.package for r in absent if r is not requirements.EMULATOR or codename != "bookworm"]
    if ordinary:
        plans.append(["--no-install-recommends", *ordinary])
    if requirements.EMULATOR in absent and codename == "bookworm":
        say(f"QEMU {requirements.QEMU_VERSION} is not in Debian 12: qemu-system-arm comes from bookworm-backports")
        plans.append(["--no-install-recommends", "-t", "bookworm-backports", requirements.EMULATOR.package])
    for plan in plans:
        count, size = state.download_size(plan)
        say(f"will install {' '.join(plan[1:])}: {count} in all, {size / 1e6:.0f} MB to download")
    prefix = root_prefix(state, plans)
    if any(Path("/var/lib/dpkg/updates").iterdir()):  # dpkg(1): an installation was interrupted
        state.follow([*prefix, "dpkg", "--configure", "-a"], "completing an interrupted installation")
    for plan in plans:
        state.install(prefix, plan, "installing QEMU" if "-t" in plan else "installing packages")
    still = requirements.missing(absent)
    if still:
        raise Failure("still missing after the installation: "
                      + ", ".join(f"{r.what} ({r.package})" for r in still))


def sudo_asks_nothing():
    return subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0


def root_prefix(state, plans):
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and (sys.stdin.isatty() or sudo_asks_nothing()):
        say("installing packages needs root: sudo may ask for your password")
        return ["sudo", "DEBIAN_FRONTEND=noninteractive"]
    commands = " && ".join(shlex.join(state.command("apt-get", "install", *plan)) for plan in plans)
    raise Failure(f"no rights to install packages: run this as root, then this command again: {commands}")
