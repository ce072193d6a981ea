# Seiten für alle, die noch nicht drin sind.
setup-title = Amana einrichten
setup-text = Die Installation gehört danach Ihnen. Gleich im Anschluss können Sie Kolleginnen und Kollegen einladen.
setup-organisation = Name Ihrer Organisation
setup-name = Ihr Name
setup-address = Amana ist unter { $origin } erreichbar. Links und Passkeys hängen an dieser Adresse; sie bleibt.
setup-submit = Beginnen
setup-bad = Dieser Einrichtungslink gilt nicht

join = Beitreten
join-title = { $inviter } lädt Sie zu { $organisation } ein
join-title-plain = Willkommen bei { $organisation }
join-room = Sie treten „{ $room }“ bei.
join-until = Gültig bis { $time }
join-bad = Diese Einladung gilt nicht
join-point-install = Nichts zu installieren
join-point-install-text = Keine Telefonnummer, kein App-Store.
join-point-read = Sie sehen, wer lesen kann
join-point-read-text = In jedem Chat, in klaren Worten.
join-point-key = Versiegelt aufbewahrt
join-point-key-text = Was Sie schreiben, wird verschlüsselt gespeichert.
join-name-title = Wie sollen andere Sie nennen?
join-name-text = Alle sehen diesen Namen. Sie können ihn später ändern.
join-name-note = Ihr Name bleibt bei dem, was Sie schreiben.
join-key-title = Wie möchten Sie sich anmelden?
join-key-text = Beide Wege sind vollwertig. Den anderen können Sie später ergänzen.
join-submit = Beitreten
have-account = Ich habe schon ein Konto
step-of = Schritt { $step } von { $of }

credential-legend = Art der Anmeldung
credential-passkey = Passkey
credential-passkey-text = Finger, Gesicht oder der Code dieses Geräts. Nichts zu merken.
credential-password = Passwort
credential-password-text = Geht auf jedem Gerät, zusammen mit Ihrem Anmeldenamen.
create-passkey = Passkey anlegen
passkeys-missing = Dieser Browser kann hier keine Passkeys verwenden. Bitte wählen Sie ein Passwort.
passkey-cancelled = Der Passkey wurde nicht verwendet. Versuchen Sie es erneut oder wählen Sie ein Passwort.
password-hint = Mindestens 10 Zeichen. Mehrere Wörter sind gut.

handle-title = Ihr Anmeldename
handle-text = Mit diesem Namen und Ihrem Passwort melden Sie sich auf anderen Geräten an. Bitte notieren Sie ihn.
handle-continue = Chats öffnen

sign-in-title = Willkommen zurück
sign-in-passkey = Mit Passkey anmelden
sign-in-password = Mit Passwort anmelden
sign-in-help = Kein Zugang mehr? Fragen Sie, wer in Ihrer Organisation Amana betreut.
