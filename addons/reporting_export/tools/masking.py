"""Columns that a target may not read: the same value gives the same token, and no way leads back."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa

_TOKEN_CHARS = 32


def mask_batch(batch: pa.RecordBatch, masked: frozenset[str], key: bytes) -> pa.RecordBatch:
    """Return ``batch`` with the values of ``masked`` columns replaced by tokens; nulls stay nulls.

    :param key: secret of the target; without it, a short list of names could be tried out.
    """
    arrays = []
    for field in batch.schema:
        values = batch.column(field.name)
        if field.name in masked:
            encoded = values.dictionary_encode()
            tokens = pa.array([_token(value.as_py(), key) for value in encoded.dictionary])
            values = pa.DictionaryArray.from_arrays(encoded.indices, tokens).cast(pa.string())
        arrays.append(values)
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _token(value: str, key: bytes) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:_TOKEN_CHARS]
