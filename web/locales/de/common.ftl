# Wörter jeder Seite.
language = Sprache
back = Zurück
close = Schließen
cancel = Abbrechen
continue = Weiter
create = Anlegen
add = Hinzufügen
done = Fertig
copy = Kopieren
copied = Kopiert.
copy-failed = Dieser Browser erlaubt das Kopieren nicht. Bitte markieren und kopieren Sie den Text selbst.
edit = Bearbeiten
delete = Löschen
remove = Entfernen
reply = Antworten
retry = Erneut versuchen
send = Senden
or = oder
you = Sie
name = Name
handle = Anmeldename
password = Passwort
somebody = Jemand
loading = Wird geladen
try-again = Erneut versuchen
try-now = Jetzt versuchen
details = Details
invite = Einladen
failed-title = Das ließ sich nicht öffnen
failed-text = Es ist nichts verloren: Was Sie geschrieben haben, ist auf diesem Gerät. Bitte versuchen Sie es erneut.
failed-code = Das hat nicht geklappt ({ $code }).
unreachable = Der Server ist nicht erreichbar. Bitte prüfen Sie das Netz und versuchen Sie es erneut.

chats = Chats
people = Personen
me = Ich
today = Heute, { $date }
yesterday = Gestern, { $date }

offline = Warten auf das Netz.
offline-text = Sie können weiterschreiben.
offline-waiting = { $count ->
    [one] Sie können weiterschreiben; eine Nachricht geht von selbst hinaus.
   *[other] Sie können weiterschreiben; { $count } Nachrichten gehen von selbst hinaus.
}

appearance = Aussehen
theme-system = Wie das Gerät
theme-light = Hell
theme-dark = Dunkel
devices = Geräte
device = Gerät
this-device = Dieses Gerät
last-used = Zuletzt benutzt: { $time }
add-passkey = Passkey hinzufügen
passkey-added = Der Passkey ist bereit. Sie können sich ab jetzt damit anmelden.
sign-out = Abmelden
sign-out-title = Auf diesem Gerät abmelden?
sign-out-text = Ihre Chats bleiben auf dem Server. Zum Wiederkommen brauchen Sie Ihren Passkey oder Ihr Passwort.
sign-out-waiting = { $count ->
    [one] Eine Nachricht ist noch nicht gesendet und geht verloren.
   *[other] { $count } Nachrichten sind noch nicht gesendet und gehen verloren.
}
