"""The per-conversation and per-user logs: append with group commit, read, and ring the doorbell."""
