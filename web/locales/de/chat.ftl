# Unterhaltungen.
new-chat = Neuer Chat
new-group = Neue Gruppe
new-direct = Neuer Direktchat
filter = Chats nach Namen filtern
filter-all = Alle
filter-unread = Ungelesen
filter-none = Nichts gefunden
filter-none-text = Kein Chat passt. Versuchen Sie ein anderes Wort.
filter-people = Personen nach Namen filtern
draft = Entwurf:
untitled = Gruppe ohne Namen
direct-chat = Direktchat
unread-chats = { $count ->
    [one] Ein Chat mit ungelesenen Nachrichten
   *[other] { $count } Chats mit ungelesenen Nachrichten
}
unread-messages = { $count ->
    [one] Eine ungelesene Nachricht
   *[other] { $count } ungelesene Nachrichten
}
no-chats-title = Noch keine Chats
no-chats-text = Legen Sie eine Gruppe an oder laden Sie die erste Person ein.
pick-title = Wählen Sie einen Chat
pick-text = Ihre Unterhaltungen stehen in der Liste.

group-title = Name der Gruppe
group-purpose = Zweck
group-purpose-hint = Ein Satz: Wozu ist diese Gruppe da?
group-history = Neue Mitglieder können lesen
group-members = Personen
history-all = alles, auch von vor ihrem Beitritt
history-since-joining = nur, was nach ihrem Beitritt geschrieben wird
history-days = { $days ->
    [one] den letzten Tag vor ihrem Beitritt und alles danach
   *[other] die letzten { $days } Tage vor ihrem Beitritt und alles danach
}
people-none = Hier ist noch niemand sonst. Laden Sie die erste Person ein.
people-alone-title = Sie sind noch allein hier
people-alone-text = Laden Sie andere mit einem Link ein; sie brauchen keine Telefonnummer und müssen nichts installieren.
people-count = { $count ->
    [one] 1 Person
   *[other] { $count } Personen
}

invite-text = Wer den Link öffnet, tritt Ihrer Organisation bei.
invite-room = Wer den Link öffnet, tritt Ihrer Organisation und „{ $room }“ bei.
invite-uses = Für wie viele Personen?
invite-people = { $count ->
    [one] Für eine Person
   *[other] Für { $count } Personen
}
invite-lifetime = Wie lange gilt er?
invite-hour = Eine Stunde
invite-day = Einen Tag
invite-week = Eine Woche
invite-create = Link erstellen
invite-ready = Einladung
invite-link = Einladungslink
invite-qr = Derselbe Link als Code zum Scannen

can-read = { $count ->
    [one] 1 kann lesen
   *[other] { $count } können lesen
}
sealed = Versiegelt
who-sees = Was sehen andere?
fact-members = { $count ->
    [one] Nur Sie können lesen
   *[other] { $count } Mitglieder können lesen
}
fact-members-text = die Administration sieht, wer hier ist, nie, was gesagt wird
fact-history = Neue Mitglieder können lesen
fact-retention = Nachrichten bleiben nicht
fact-retention-text = { $days ->
    [one] Sie werden nach { $days } Tag gelöscht.
   *[other] Sie werden nach { $days } Tagen gelöscht.
}
fact-sealed = Verschlüsselt gespeichert
fact-sealed-text = jede Nachricht mit eigenem Schlüssel
members = Mitglieder
owner = Verantwortlich
add-people = Personen hinzufügen
leave = Verlassen
leave-title = Diese Gruppe verlassen?
leave-text = Sie können hier nicht mehr lesen und schreiben. Was Sie geschrieben haben, bleibt.

messages = Nachrichten
message-menu = Aktionen für diese Nachricht
write-to = Nachricht an { $room }
characters-left = Zeichen übrig: { $count }
editing = Nachricht bearbeiten
edited = bearbeitet
new-messages = { $count ->
    [one] 1 neue
   *[other] { $count } neue
}
to-end = { $count ->
    [0] Zur neuesten Nachricht
    [one] Zur neuesten Nachricht, eine ist neu
   *[other] Zur neuesten Nachricht, { $count } sind neu
}
quote-earlier = Frühere Nachricht
not-sent = Nicht gesendet:
removed = Nachricht entfernt
removed-by = { $person } hat diese Nachricht entfernt
removed-by-you = Sie haben diese Nachricht entfernt
unreadable-erased = Diese Nachricht wurde gelöscht.
erased-person = Gelöschte Person
unreadable-damaged = Diese Nachricht ist nicht lesbar. Der Schaden ist gemeldet.
remove-title = Diese Nachricht entfernen?
remove-text = Sie verschwindet für alle in diesem Chat. Dass hier eine Nachricht stand, bleibt sichtbar.
tick-queued = Wartet
tick-failed = Nicht gesendet
tick-sent = Gesendet
tick-seen = Gelesen von { $count } von { $of }
tick-read = Gelesen

room-failed = Die Nachrichten wurden nicht geladen. Was Sie geschrieben haben, ist sicher.
room-empty-title = Noch nichts geschrieben
room-empty-text = { $count ->
    [one] Bisher können nur Sie hier lesen.
   *[other] Was Sie hier schreiben, können { $count } Personen lesen.
}
room-gone-title = Sie sind nicht in diesem Chat
room-gone-text = Es gibt ihn nicht, oder Sie sind kein Mitglied mehr.

event-created = { $mine ->
    [yes] Sie haben diesen Chat begonnen
   *[no] { $actor } hat diesen Chat begonnen
}
event-renamed = { $mine ->
    [yes] Sie haben die Gruppe „{ $title }“ genannt
   *[no] { $actor } hat die Gruppe „{ $title }“ genannt
}
event-retention = { $mine ->
    [yes] Sie lassen Nachrichten nach { $days ->
        [one] { $days } Tag
       *[other] { $days } Tagen
    } löschen
   *[no] { $actor } lässt Nachrichten nach { $days ->
        [one] { $days } Tag
       *[other] { $days } Tagen
    } löschen
}
event-retention-off = { $mine ->
    [yes] Sie lassen Nachrichten unbefristet stehen
   *[no] { $actor } lässt Nachrichten unbefristet stehen
}
event-changed = { $mine ->
    [yes] Sie haben die Einstellungen geändert
   *[no] { $actor } hat die Einstellungen geändert
}
event-joined = { $mine ->
    [yes] Sie sind beigetreten
   *[no] { $person } ist beigetreten
}
event-added = { $mine ->
    [yes] Sie haben { $person } hinzugefügt
   *[no] { $actor } hat { $person } hinzugefügt
}
event-added-you = { $actor } hat Sie hinzugefügt
event-left = { $mine ->
    [yes] Sie sind gegangen
   *[no] { $person } ist gegangen
}
event-removed = { $mine ->
    [yes] Sie haben { $person } entfernt
   *[no] { $actor } hat { $person } entfernt
}
event-owner = { $mine ->
    [yes] Sie haben { $person } die Verantwortung übertragen
   *[no] { $actor } hat { $person } die Verantwortung übertragen
}
