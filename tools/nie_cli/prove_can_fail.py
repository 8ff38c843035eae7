# SPDX-License-Identifier: Apache-2.0
"""Can the proofs fail? Mutants, which they must notice, and smoke tests, which look for contradictions."""
import os
from concurrent.futures import ThreadPoolExecutor, as_completed

from prove import WORK, Prover, committed, label_of
from prove_source import CONTRACTS, CORE
from say import Failure, Progress, say

MUTANTS = CONTRACTS / "mutants.yaml"


def mutants(wanted=()):
    """Each change of mutants.yaml breaks one function: a goal that the table says is proved must then fail. What stops
    Frama-C kills nothing."""
    import yaml

    alive, entries, table_of_goals = [], yaml.safe_load(MUTANTS.read_text()), committed()
    entries = [m for m in entries if not wanted or m["name"] in wanted]
    progress = Progress("mutants")

    def judge(m):
        path = CORE / m["file"]
        text, row = path.read_text(), table_of_goals.get(f"{m['file']}:{m['function']}")
        if text.count(m["old"]) != 1:
            return f"{MUTANTS}: {m['name']}: {m['file']} has its `old` {text.count(m['old'])} times: follow the source"
        if row is None or row["proved"] != row["goals"]:
            return f"mutant {m['name']}: {m['function']} is not proved as it is: a failing proof would say nothing"
        prover = Prover(WORK / "mutants" / m["name"], {path: text.replace(m["old"], m["new"])})
        function = prover.sources.functions[path, m["function"]]
        try:
            if not prover.fails(function):
                return f"mutant {m['name']} survives: {m['function']}: all goals are proved"
        except Failure as failure:
            return f"mutant {m['name']}: {failure}"
        return None

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(judge, m): m for m in entries}
        for done, future in enumerate(as_completed(futures), 1):
            if future.result():
                alive.append(future.result())
            progress.update(100 * done / len(entries), futures[future]["name"])
    progress.done(f"{len(entries) - len(alive)} of {len(entries)} killed")
    for line in alive:
        say(f"prove: {line}")
    return len(entries) - len(alive), len(alive)


def smoke(prover, functions):
    """No contract and no annotation is contradictory: each part of a function can be reached. A call of hw_panic() alone
    never returns."""
    doomed, count = [], 0
    progress = Progress("smoke tests")
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(prover.prove, f, True, False): f for f in functions}
        for done, future in enumerate(as_completed(futures), 1):
            f, record = futures[future], future.result()
            count += record["proved"]
            doomed += [f"{label_of(f)}: {what} is never reached: its contract, or what it calls, is contradictory"
                       for what in record["unproved"]]
            if record.get("lacking"):
                doomed.append(f"{label_of(f)}: {record['lacking']}")
            progress.update(100 * done / len(functions), f.name)
    progress.done(f"{count} parts reachable")
    for line in doomed:
        say(f"prove: {line}")
    return count, len(doomed)


def run_smoke(wanted):
    prover = Prover()
    count, doomed = smoke(prover, [f for f in prover.functions(wanted) if wanted or label_of(f) in committed()])
    return 1 if doomed or not count else 0


def run_mutants(wanted):
    killed, alive = mutants(wanted)
    return 1 if alive or not killed else 0
