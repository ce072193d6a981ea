"""What is said later: held back so that it can be taken back, at a time, again and again.

It is sealed until it is due and gets its ``seq`` only then, so no reader ever sees a hole.
"""
