"""Where files lie: the object store, the spool for files on their way, and what is to be deleted."""
