error-erasure-not-found = Für diese Person wurde keine Löschung verlangt.
