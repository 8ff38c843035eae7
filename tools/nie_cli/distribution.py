# SPDX-License-Identifier: Apache-2.0
"""Which distribution this is, and where its packages come from: read from its own apt configuration,
which is never changed."""
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

DEBIAN = {"12": "bookworm", "13": "trixie"}
ALIASES = {"bookworm": "oldstable", "trixie": "stable"}


def os_release(path="/etc/os-release"):
    values = {}
    try:
        text = Path(path).read_text()
    except OSError:
        return values
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values[name.strip()] = "".join(shlex.split(value))
    return values


def debian_codename(release=None):
    """`bookworm` or `trixie`; None on anything else."""
    release = os_release() if release is None else release
    if release.get("ID") != "debian":
        return None
    return DEBIAN.get(release.get("VERSION_ID", ""))


@dataclass
class Source:
    """One archive of binary packages. `options` are deb822 fields such as Signed-By, kept as they are."""
    uri: str
    suites: list
    components: list
    options: dict = field(default_factory=dict)


def parse_one_line(text):
    """sources.list(5), one-line style."""
    sources = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<rest>[^#]*)",
                         line)
        if not match:
            continue
        options = {}
        for option in (match["options"] or "").split():
            name, equals, value = option.partition("=")
            if equals:
                options["-".join(word.capitalize() for word in name.rstrip("+-").split("-"))] = value
        sources.append(Source(match["uri"], [match["suite"]], match["rest"].split(), options))
    return sources


def parse_deb822(text):
    """sources.list(5), deb822 style."""
    sources = []
    for stanza in re.split(r"\n\s*\n", "\n".join(l for l in text.splitlines() if not l.startswith("#"))):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                name = "-".join(word.capitalize() for word in name.strip().split("-"))
                fields[name] = value.strip()
        if "deb" not in fields.pop("Types", "").split() or fields.pop("Enabled", "yes").lower() in ("no", "false"):
            continue
        uris, suites = fields.pop("Uris", "").split(), fields.pop("Suites", "").split()
        components = fields.pop("Components", "").split()
        sources += [Source(uri, suites, components, fields) for uri in uris]
    return sources


def machine_sources(etc="/etc/apt"):
    sources = []
    etc = Path(etc)
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        parse = {".list": parse_one_line, ".sources": parse_deb822}.get(file.suffix)
        if parse:
            try:
                sources += parse(file.read_text())
            except OSError:
                pass
    for source in sources:
        # What set-up says otherwise: which architectures, and only the package lists.
        for name in ("Architectures", "Arch", "Targets", "Target", "Languages", "Lang", "Types"):
            source.options.pop(name, None)
    return sources


def debian_sources(codename, sources):
    """The machine's own (archive, security): Sources of Debian `codename`; security may be None.

    Other vendors name their suites after Debian's too, so a URI that says `debian` is preferred.
    """
    names = {codename, ALIASES.get(codename)}

    def pick(suites):
        found = [s for s in sources if "main" in s.components and suites.intersection(s.suites)
                 and not s.uri.startswith("cdrom:")]
        found.sort(key=lambda s: "debian" not in s.uri)
        return found[0] if found else None

    archive = pick(names)
    security = pick({f"{name}-security" for name in names} | {f"{name}/updates" for name in names})
    return archive, security
