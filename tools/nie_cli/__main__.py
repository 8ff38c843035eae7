# SPDX-License-Identifier: Apache-2.0
"""nie: set up, build, run and test, each with one command."""
import argparse
import shutil
import sys

import set_up
from paths import BUILD, CACHE
from say import Failure, say


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line, as for all other bad input."""
        raise Failure(f"{message}; {self.prog} --help says more", status=2)


def parse_arguments():
    parser = Parser(prog="tools/nie", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, help, function):
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(function=function)
        return sub

    command("setup", "install what is missing and fill the cache", setup)
    sub = command("build", "build the kernel, the userland and a system image", build_system)
    sub.add_argument("system", nargs="?", default="demo", help="YAML file, or a name in configs/systems")
    sub = command("demo", "two Linux guests and a bare-metal one in QEMU", run_system)
    sub.add_argument("system", nargs="?", choices=("demo", "assigned"), default="demo", metavar="SYSTEM",
                     help="assigned: guests with a disk, a network card, and a device that attacks")
    add_run_options(sub)
    sub = command("run", "boot a system in QEMU", run_system)
    sub.add_argument("system", help="YAML file, or a name in configs/systems")
    add_run_options(sub)
    sub = command("top", "boot a system in QEMU and watch it: guests, vCPUs, exits a second by reason, memory", top)
    sub.add_argument("system", nargs="?", default="demo", help="YAML file, or a name in configs/systems")
    add_machine_options(sub)
    sub.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between two looks (default 1)")
    sub = command("measure", "compute what a guest's measurement will be", measure_guest)
    sub.add_argument("system", help="YAML file, or a name in configs/systems")
    sub.add_argument("guest", help="one of its guests")
    sub = command("view", "draw a system: memory, authority and address maps, as a page and as SVG", view_system)
    sub.add_argument("system", nargs="?", default="demo", help="YAML file, or a name in configs/systems")
    sub.add_argument("--out", metavar="FOLDER", help="where to (default: build/view)")
    sub = command("dump", "boot a system and print what was built, as capDL; says where it is not as described", dump_system)
    sub.add_argument("system", nargs="?", default="demo", help="YAML file, or a name in configs/systems")
    sub.add_argument("--cores", type=int, default=4, metavar="N", help="1 to 8 (default 4)")
    sub.add_argument("--out", metavar="FILE", help="write it there")
    sub = command("debug", "a system under gdb, with symbols of kernel and VMM and commands about capabilities and memory",
                  debug_system)
    sub.add_argument("system", nargs="?", default="minimal", help="YAML file, or a name in configs/systems")
    sub.add_argument("--cores", type=int, default=1, metavar="N", help="1 to 8 (default 1)")
    sub.add_argument("--from-reset", action="store_true", help="stop at the machine's first instruction, not at the VMM's")
    sub.add_argument("--guest-symbols", action="append", default=[], metavar="GUEST=FILE[@OFFSET]",
                     help="symbols of a guest, OFFSET added to their addresses; may be repeated")
    sub.add_argument("--batch", action="store_true", help="end after the commands of -x")
    sub.add_argument("-x", dest="execute", action="append", default=[], metavar="COMMAND", help="a command for gdb; may be repeated")
    command("docs", "make the documentation's site, in build/docs/site", make_docs)
    sub = command("test", "run the tests", test)
    sub.add_argument("suites", nargs="*", metavar="SUITE",
                     help="some of the suites that docs/testing.md lists (default: all but soak)")
    sub.add_argument("--full", action="store_true", help="all of them, and repeat what is only tried once otherwise")
    sub = command("bench", "measure: instructions of the kernel's operations, sizes, boot beside native", bench)
    sub.add_argument("parts", nargs="*", metavar="PART", help="kernel, size, boot (default: these); where, scaling, peers, build")
    sub.add_argument("--cpu", default="max", metavar="MODEL", help="max (default, exact), neoverse-n1 or cortex-a72")
    sub.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    sub = command("prove", "prove kernel/core with Frama-C, function by function", prove)
    sub.add_argument("names", nargs="*", metavar="NAME", help="functions, or files like table.c (default: all)")
    sub.add_argument("--smoke", action="store_true", help="look for contradictory contracts: each part must be reachable")
    sub.add_argument("--mutants", action="store_true", help="break functions on purpose: their proofs must fail")
    sub.add_argument("--record", action="store_true", help="and write the result into proofs/c/goals.json: goals may only rise")
    sub.add_argument("--json", metavar="FILE", help="write the results to FILE")
    command("help", "show this text", lambda options: parser.print_help() or 0)
    sub = command("clean", "remove what was built", clean)
    sub.add_argument("--cache", action="store_true", help="and the guests' files and package lists")
    return parser.parse_args()


def add_machine_options(sub):
    sub.add_argument("--cpu", default="max", metavar="MODEL", help="max (default), cortex-a57, cortex-a72, cortex-a76, neoverse-n1 or neoverse-v1")
    sub.add_argument("--cores", type=int, default=4, metavar="N", help="1 to 8 (default 4)")
    sub.add_argument("--limit", type=int, default=600, metavar="SECONDS", help="stop after this time (default 600)")
    sub.add_argument("--silence", type=int, default=90, metavar="SECONDS",
                     help="stop when nothing is printed for this time (default 90)")


def add_run_options(sub):
    add_machine_options(sub)
    sub.add_argument("--interactive", action="store_true", help="a console per guest instead of a time limit")
    sub.add_argument("--json", metavar="FILE", help="write the final report to FILE")
    sub.add_argument("--guest-kernel", metavar="FILE", help="arm64 Image for the Linux guests")
    sub.add_argument("--icount", action="store_true",
                     help="time is instructions, a nanosecond each: two runs are alike, on any machine")
    sub.add_argument("--trace", nargs="?", const="build/trace", metavar="FOLDER",
                     help="write every hypercall, exit, guest's call and interrupt there, as text and for Perfetto (default build/trace)")


def setup(options):
    set_up.ensure()
    say(f"set up: packages are installed, guests' files are in {CACHE}")
    return 0


def build_system(options):
    import build
    import systems

    set_up.ensure()
    system = systems.find(options.system)
    say(f"image: {build.system(system)}")
    return 0


def run_system(options):
    set_up.ensure()
    import launch

    return launch.launch(options)


def top(options):
    set_up.ensure()
    import top as live

    return live.run(options)


def measure_guest(options):
    set_up.ensure()
    import measure

    return measure.run(options)


def view_system(options):
    set_up.ensure()
    import view

    return view.run(options)


def dump_system(options):
    set_up.ensure()
    import dump

    return dump.run(options)


def debug_system(options):
    set_up.ensure()
    import debug

    return debug.run(options)


def make_docs(options):
    set_up.ensure()
    import docs

    return docs.run(options)


def test(options):
    set_up.ensure()
    import suites

    return suites.run(options.suites, options.full)


def bench(options):
    if options.cpu not in ("max", "neoverse-n1", "cortex-a72"):
        raise Failure(f"--cpu {options.cpu}: bench knows max, neoverse-n1 and cortex-a72")
    set_up.ensure()
    import bench as benchmark

    return benchmark.run(options.parts, options.cpu, options.json)


def prove(options):
    set_up.ensure()
    set_up.ensure_provers()
    import prove as proofs
    import prove_can_fail

    if options.smoke:
        return prove_can_fail.run_smoke(options.names)
    if options.mutants:
        return prove_can_fail.run_mutants(options.names)
    return proofs.run(options.names, options.json, options.record)


def clean(options):
    for folder in [BUILD] + ([CACHE] if options.cache else []):
        if folder.exists():
            shutil.rmtree(folder)
            say(f"removed {folder}")
    return 0


def main():
    try:
        options = parse_arguments()
        return options.function(options)
    except Failure as failure:
        print(f"nie: error: {failure}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        print("\nnie: interrupted", file=sys.stderr)
        return 130


sys.exit(main())
