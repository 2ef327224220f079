"""Becomes a command that ends when its parent does: `follow.py PARENT SIGNAL USER GROUP COMMAND...`.

A program of its own, run as `python -I -S follow.py`, because the other way (`preexec_fn`) forks the parent with its
gRPC threads, and their fork handlers end the child now and then. Costs 15 ms a start.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOBODY_ELSE = "-"


def main(parent: str, number: str, user: str, group: str, *command: str) -> None:
    if user != NOBODY_ELSE:
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":  # after setuid, which would undo it; elsewhere pid files alone find what is left
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
