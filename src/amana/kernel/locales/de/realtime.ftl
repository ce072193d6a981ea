error-frame-invalid = Das Programm hat etwas gesendet, das der Server nicht versteht. Bitte laden Sie es neu.
error-too-many-frames = Zu viel auf einmal. Es geht gleich weiter.
error-server-stopping = Der Server startet neu. Es geht gleich weiter.
