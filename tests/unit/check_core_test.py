# SPDX-License-Identifier: Apache-2.0
"""tools/check-core finds a planted violation of each rule, and nothing in the kernel itself."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check-core"

CLEAN = """
#include "nie/types.h"
#define TWICE(x) ((x) * 2u)
/* a call in a comment: malloc(1); goto nowhere; */
static u32 half(u32 a) { return a / 2u; }
u32 sum(const u32 *values, u32 count)
{
	u32 total = 0;
	const char *text = "while (1) { asm(\\"nop\\"); }";

	for (u32 i = 0; i < count; i++) {
		total += TWICE(half(values[i])) * (count) - (u32)text[0];
	}
	while (total > 100u) {
		total -= (u32)(total / 2u) * (total % 3u);
	}
	return total;
}
"""

# rule, path, code, line of the violation (from 1)
PLANTED = [
    ("conditional", "a.c", "#ifdef X\nint x;\n#endif\n", 1),
    ("conditional", "a.c", "int a;\n#if defined(X)\n#endif\n", 2),
    ("conditional", "a.c", "int a;\n#ifndef X\n#endif\n", 2),
    ("recursion", "a.c", "int f(int n)\n{\n\treturn n == 0 ? 0 : f(n - 1);\n}\n", 3),
    ("recursion", "a.c", "int g(int n);\nint f(int n)\n{\n\treturn g(n);\n}\nint g(int n)\n{\n\treturn f(n);\n}\n", 8),
    ("recursion", "a.c", "int f(int n);\n#define STEP(n) f((n) - 1)\nint f(int n)\n{\n\treturn STEP(n);\n}\n", 5),
    ("function-pointer", "a.c", "static int (*hook)(int);\n", 1),
    ("function-pointer", "a.c", "typedef int (*hook_t)(int);\n", 1),
    ("function-pointer", "a.c", "int f(int a)\n{\n\treturn a;\n}\nvoid g(void)\n{\n\tuse(f);\n}\n", 7),
    ("function-pointer", "a.c", "int f(int a)\n{\n\treturn a;\n}\nvoid g(void)\n{\n\tuse(&f);\n}\n", 7),
    ("function-pointer", "a.c", "int g(struct o *o)\n{\n\treturn o->call(1);\n}\n", 3),
    ("function-pointer", "a.c", "int g(void)\n{\n\treturn table[2](1);\n}\n", 3),
    ("heap", "a.c", "void *g(void)\n{\n\treturn malloc(4);\n}\n", 3),
    ("heap", "a.c", "void g(void *p)\n{\n\tfree(p);\n}\n", 3),
    ("loop", "a.c", "void g(void)\n{\n\tfor (;;) {\n\t}\n}\n", 3),
    ("loop", "a.c", "void g(void)\n{\n\tfor (int i = 0; ; i++) {\n\t}\n}\n", 3),
    ("loop", "a.c", "void g(void)\n{\n\twhile (true) {\n\t}\n}\n", 3),
    ("loop", "a.c", "void g(void)\n{\n\tdo {\n\t} while (1);\n}\n", 4),
    ("loop", "a.c", "void g(void)\n{\nagain:\n\tgoto again;\n}\n", 4),
    ("cast", "a.c", "int g(unsigned long a)\n{\n\treturn *(int *)a;\n}\n", 3),
    ("cast", "a.c", "void g(unsigned long a)\n{\n\tuse((struct slot *)(a + 1));\n}\n", 3),
    ("cast", "a.c", "void g(int *a)\n{\n\tuse((const char *)&a[1]);\n}\n", 3),
    ("cast", "a.c", "unsigned long g(int *a)\n{\n\treturn (uintptr_t)a;\n}\n", 3),
    ("cast", "a.c", "#define AT(a) ((int *)(a))\n", 1),
    ("layer", "authority/a.c", '#include "nie/table.h"\n', 1),
    ("layer", "authority/a.c", "int g(unsigned a)\n{\n\treturn table_at(a)[0] != 0;\n}\n", 3),
    ("layer", "authority/a.c", "int g(unsigned a)\n{\n\treturn vspace_at(a)->life;\n}\n", 3),
    ("layer", "isolation/a.c", '#include "nie/slot.h"\n', 1),
    ("layer", "isolation/a.c", '#include "../authority/authority.h"\n', 1),
    ("layer", "isolation/a.c", "int g(unsigned a)\n{\n\treturn slot_at(a)->type;\n}\n", 3),
    ("layer", "isolation/a.c", "void g(struct slot *s);\n", 1),
    ("assembly", "a.c", 'void g(void)\n{\n\t__asm__ volatile("nop");\n}\n', 3),
    ("variadic", "a.c", "void g(int a, ...);\n", 1),
]


def check(*paths):
    run = subprocess.run([TOOL, *paths], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


def test_the_kernel_is_clean():
    status, output = check(ROOT / "kernel/core", ROOT / "kernel/include/nie")
    assert status == 0, output
    files, functions = map(int, re.search(r"(\d+) files, (\d+) functions", output).groups())
    assert files > 20 and functions > 100


def test_clean_code_is_clean(tmp_path):
    (tmp_path / "a.c").write_text(CLEAN)
    status, output = check(tmp_path)
    assert status == 0, output


@pytest.mark.parametrize("rule,name,code,line", PLANTED)
def test_planted_violation(tmp_path, rule, name, code, line):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    status, output = check(tmp_path)
    assert status == 1
    assert f"{path}:{line}: {rule}: " in output


def test_every_rule_has_a_planted_violation():
    rules = re.search(r"RULES = \{(.*?)\n\}", TOOL.read_text(), re.S)[1]
    assert set(re.findall(r'^    "([a-z-]+)":', rules, re.M)) == {p[0] for p in PLANTED}


def test_recursion_across_files(tmp_path):
    (tmp_path / "a.c").write_text("int g(int n);\nint f(int n)\n{\n\treturn g(n);\n}\n")
    (tmp_path / "b.c").write_text("int f(int n);\nint g(int n)\n{\n\treturn f(n);\n}\n")
    status, output = check(tmp_path)
    assert status == 1 and "recursion: " in output and "f -> g -> f" in output


def test_static_functions_of_one_name_do_not_recurse(tmp_path):
    (tmp_path / "a.c").write_text("int g(int n);\nstatic int step(int n)\n{\n\treturn g(n);\n}\n"
                                  "int f(int n)\n{\n\treturn step(n);\n}\n")
    (tmp_path / "b.c").write_text("static int step(int n)\n{\n\treturn n;\n}\nint g(int n)\n{\n\treturn step(n);\n}\n")
    status, output = check(tmp_path)
    assert status == 0, output


def test_view_header_may_cast(tmp_path):
    code = "static inline int *at(unsigned long a)\n{\n\treturn (int *)a;\n}\n"
    (tmp_path / "view.h").write_text(code)
    assert check(tmp_path)[0] == 0
    (tmp_path / "view.h").rename(tmp_path / "other.h")
    assert check(tmp_path)[0] == 1


def test_missing_folder_is_said(tmp_path):
    status, output = check(tmp_path / "nowhere")
    assert status == 1 and "nowhere: there is no such file or folder" in output
    assert check(tmp_path)[0] == 1
