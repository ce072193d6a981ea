error-key-unavailable = Selle vestluse võti puudub või on kahjustatud. Palun teavitage oma administraatorit.
error-root-key-unreachable = Võtmeteenus ei vasta praegu. Midagi ei muudetud. Palun proovige hetke pärast uuesti.
