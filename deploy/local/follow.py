"""Becomes a command that dies with its parent: `follow.py PARENT SIGNAL USER GROUP COMMAND...`.

A separate program, run as `python -I -S follow.py`, because the alternative (`preexec_fn`) forks the parent with its
gRPC threads, whose fork handlers occasionally kill the child. Costs 15 ms per start.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
SAME_USER = "-"


def main(parent: str, number: str, user: str, group: str, *command: str) -> None:
    if user != SAME_USER:
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":  # after setuid, which would undo it; elsewhere only pid files find leftovers
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != int(parent):  # it has already died
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
