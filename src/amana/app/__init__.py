"""The composition root: settings, wiring, the list of features, and how a process starts and stops."""
