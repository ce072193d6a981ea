"""The transparency log in the formats of C2SP (c2sp.org): trees, tiles, notes, checkpoints, cosignatures.

Pure: no clock, no database, no network. Malformed input raises ``ValueError`` and nothing else.
"""
