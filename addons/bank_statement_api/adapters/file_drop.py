"""What all drops of files have in common, wherever they are."""

from functools import partial

from odoo.addons.finance_connector_base.tools.errors import FinalError

STABLE_SECONDS = 2
"""A file younger than this may still be written to."""
MAX_BYTES = 256 * 1024 * 1024
UNFINISHED_SUFFIXES = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
ARCHIVE, DUPLICATES = "archive", "duplicates"


def is_finished(name):
    """:return: whether a file of that name is meant to be taken: senders give others hidden or unfinished names"""
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED_SUFFIXES)


def archive_folder(day, duplicate):
    """:return: where a file goes that is stored, relative to the drop: one folder a month"""
    return f"{DUPLICATES if duplicate else ARCHIVE}/{day:%Y-%m}"


def pick_up(waiting, read, archive):
    """Yield the files of a drop as ``FinanceAdapter._pick_up`` promises; one that cannot be used stops no other.

    :param waiting: pairs of the name for people and the file, in the order of taking
    :param read: ``read(file)`` returns the bytes, or None when it went away or is still growing
    :param archive: ``archive(file, duplicate)`` moves it out of the way
    :raise FinalError: the first of those that could not be read or moved, after all others were yielded
    """
    refused = []

    def archive_or_note(file, duplicate):
        try:
            archive(file, duplicate)
        except FinalError as error:
            refused.append(error)

    for shown, file in waiting:
        try:
            content = read(file)
        except FinalError as error:
            refused.append(error)
            continue
        if content is not None:
            yield shown, content, partial(archive_or_note, file)
    if refused:
        raise refused[0]
