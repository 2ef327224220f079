"""What stops a local run, in one line."""

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class LocalError(Exception):
    """Stops the launcher with this one line and exit code 1."""


def explain(error: OSError) -> str:
    """One readable line from an operating system error."""
    where = error.filename or "the data folder"
    if error.errno in _FULL:
        return f"the disk is full: {where} cannot be written; free some space or set SOUNDSTAGE_HOME to another disk"
    if error.errno in _REFUSED:
        return f"missing permission: {where} ({error.strerror}); set SOUNDSTAGE_HOME to a writable folder"
    return f"{where}: {error.strerror or error}"
