"""What every other package may use: ids, time, refusals, limits, texts. No I/O."""
