error-key-unavailable = Selle vestluse võti puudub või on kahjustatud. Palun teavitage oma administraatorit.
