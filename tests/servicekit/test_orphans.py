"""A process that adopts orphans can reap them."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, subprocess, sys
from servicekit.orphans import adopt_orphans
if sys.argv[1] == "adopts":
    adopt_orphans()
parent = subprocess.run(["sh", "-c", "sleep 0.2 >&- & echo $!"], stdout=subprocess.PIPE, check=True)
try:
    os.waitpid(int(parent.stdout), 0)
    print("reaped")
except ChildProcessError:
    print("not ours")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no such call, and no sandbox that needs it")
@pytest.mark.parametrize(("how", "told"), [("adopts", "reaped"), ("leaves", "not ours")])
def test_an_orphan_is_reaped_by_who_adopts_it(how: str, told: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == told
