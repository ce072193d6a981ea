"""The witness: a small program that somebody else runs, and that signs a log's checkpoints only in order.

It speaks C2SP tlog-witness (https://c2sp.org/tlog-witness) and keeps one SQLite file of its own. It
knows nothing of conversations, people or the server's database.
"""
