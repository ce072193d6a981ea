error-not-in-log = The log has no such entry.
