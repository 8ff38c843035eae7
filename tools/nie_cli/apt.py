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

    def follow(self, command, title):
        """Run apt-get with a progress line; its own words go to the log."""
        progress = Progress(title)
        errors = []
        with open(self.log, "a") as log:
            log.write(f"$ {shlex.join(command)}\n")
            with subprocess.Popen(command, env=ENVIRONMENT, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
                for line in process.stdout:
                    # README.progress-reporting of apt: KIND:item:percent:text
                    match = re.match(r"(dl|pm)status:[^:]*(?::[^:]*)??:([0-9.]+):(.*)", line)
                    if match:
                        # Downloading and installing each count from 0 to 100.
                        half = 0 if match[1] == "dl" else 50
                        progress.update(half + float(match[2]) / 2, match[3].strip())
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
        progress = Progress("reading package lists")
        progress.update(0)
        # Without this, apt calls a list that it could not fetch a warning.
        try:
            self.read("apt-get", "-o", "APT::Update::Error-Mode=any", "update")
        except AptError:
            progress.done("failed")
            raise
        progress.done()

    def download_size(self, arguments):
        """Count and bytes of the archives that an install would fetch."""
        uris = self.read("apt-get", "-o", "Debug::NoLocking=true", "-qq", "--print-uris", "install", *arguments)
        sizes = [int(match[1]) for match in re.finditer(r"^'[^']*' \S+ (\d+)", uris, re.MULTILINE)]
        return len(sizes), sum(sizes)

    def install(self, prefix, arguments, title):
        command = [*prefix, *self.command("apt-get"), "-y", "-q", "-o", "APT::Status-Fd=1", "install", *arguments]
        self.follow(command, title)

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
            self.read("apt-get", "download", package, cwd=temporary)
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
