error-not-in-log = Das Protokoll enthält diesen Eintrag nicht.
