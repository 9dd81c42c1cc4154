"""Places that keep files: each creates a file once, whole, and never overwrites another one.

A store is a context manager with ``put_new(path, content, sha256)``, which returns ``created``, or ``identical``
where the file was there already, and raises ``ObjectDiffersError`` where another one was.
"""

CREATED, IDENTICAL = "created", "identical"
