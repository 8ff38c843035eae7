# SPDX-License-Identifier: Apache-2.0
"""A private apt state: own sources, lists and cache, so that other suites and architectures can be read
while the machine's configuration stays as it is."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from say import Failure, Progress

ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
STATUS = ("-q", "-o", "APT::Status-Fd=1")


class AptState:
    def __init__(self, directory, architecture=None):
        self.directory = Path(directory)
        self.architecture = architecture
        self.config = self.directory / "apt.conf"
        self.log = self.directory / "apt.log"

    def write(self, sources):
        for part in ("parts", "lists/partial", "cache/archives/partial"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        stanzas = []
        for source in sources:
            fields = {"Types": "deb", "URIs": source.uri, "Suites": " ".join(source.suites),
                      "Components": "main", "Targets": "Packages", **source.options}
            stanzas.append("".join(f"{name}: {value}\n" for name, value in fields.items()))
        (self.directory / "parts" / "nie.sources").write_text("\n".join(stanzas))
        lines = [
            'Dir::Etc::SourceList "/dev/null";',
            f'Dir::Etc::SourceParts "{self.directory}/parts";',
            f'Dir::State::Lists "{self.directory}/lists";',
            'Dir::Cache::pkgcache "";', 'Dir::Cache::srcpkgcache "";',
            'APT::Sandbox::User "root";', 'Acquire::Languages "none";', 'Acquire::Retries "3";',
            'Acquire::http::Timeout "60";',
            # The machine's hooks are about its own lists.
            "#clear APT::Update::Pre-Invoke;", "#clear APT::Update::Post-Invoke;",
            "#clear APT::Update::Post-Invoke-Success;"]
        if self.architecture:
            lines += [f'APT::Architecture "{self.architecture}";',
                      "#clear APT::Architectures;", f'APT::Architectures {{ "{self.architecture}"; }};',
                      'Dir::State::status "/dev/null";', f'Dir::Cache "{self.directory}/cache";']
        self.config.write_text("\n".join(lines) + "\n")

    def command(self, program, *arguments):
        return [program, "-c", str(self.config), *arguments]

    def read(self, program, *arguments, cwd=None):
        """Output of a command that changes nothing of the machine's."""
        result = subprocess.run(self.command(program, *arguments), env=ENVIRONMENT, cwd=cwd, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if result.returncode:
            raise AptError(last_error(result.stderr or result.stdout))
        return result.stdout

    def follow(self, command, title, cwd=None, installs=False):
        """Run apt-get with a progress line; its own words go to the log."""
        progress = Progress(title)
        errors = []
        with open(self.log, "a") as log:
            log.write(f"$ {shlex.join(command)}\n")
            with subprocess.Popen(command, env=ENVIRONMENT, cwd=cwd, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT) as process:
                for line in process.stdout:
                    # README.progress-reporting of apt: KIND:item:percent:text
                    match = re.match(r"(dl|pm)status:[^:]*(?::[^:]*)??:([0-9.]+):(.*)", line)
                    if match:
                        percent = float(match[2])
                        if installs:  # downloading, then installing: each counts from 0 to 100
                            percent = percent / 2 + (0 if match[1] == "dl" else 50)
                        progress.update(percent, match[3].strip())
                        continue
                    log.write(line)
                    if line.startswith("E: "):
                        errors.append(line)
        if process.returncode:
            progress.done("failed")
            raise AptError(last_error("".join(errors)) + f" (all of it: {self.log})")
        progress.done()

    def update(self):
        shutil.rmtree(self.directory / "lists")
        (self.directory / "lists" / "partial").mkdir(parents=True)
        # Without the error mode, apt calls a list that it could not fetch a warning.
        self.follow(self.command("apt-get", *STATUS, "-o", "APT::Update::Error-Mode=any", "update"),
                    "reading package lists")

    def download_size(self, arguments):
        """How many packages an install would bring, and the bytes it would fetch."""
        simulation = self.read("apt-get", "-o", "Debug::NoLocking=true", "-qq", "-s", "install", *arguments)
        uris = self.read("apt-get", "-o", "Debug::NoLocking=true", "-qq", "--print-uris", "install", *arguments)
        sizes = [int(match[1]) for match in re.finditer(r"^'[^']*' \S+ (\d+)", uris, re.MULTILINE)]
        return simulation.count("\nInst ") + simulation.startswith("Inst "), sum(sizes)

    def install(self, prefix, arguments, title):
        options = [*STATUS, "-y", "-o", "DPkg::Lock::Timeout=300"]
        self.follow([*prefix, *self.command("apt-get", *options, "install", *arguments)], title, installs=True)

    def packages(self):
        """(name, version) of everything in the lists."""
        name = None
        for line in self.read("apt-cache", "dumpavail").splitlines():
            if line.startswith("Package: "):
                name = line.split()[1]
            elif line.startswith("Version: "):
                yield name, line.split()[1]

    def unpack(self, package, into):
        """Download one package and unpack it."""
        with tempfile.TemporaryDirectory(dir=self.directory) as temporary:
            self.follow(self.command("apt-get", *STATUS, "download", package), f"downloading {package}", temporary)
            archives = list(Path(temporary).glob("*.deb"))
            if len(archives) != 1:
                raise AptError(f"{package} was not downloaded")
            subprocess.run(["dpkg-deb", "-x", str(archives[0]), str(into)], check=True)


class AptError(Failure):
    pass


def last_error(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E: ")] or lines or ["apt failed"]
    return errors[0].removeprefix("E: ")
