# Vestlused.
new-chat = Uus vestlus
new-group = Uus rühm
new-direct = Uus otsevestlus
filter = Otsi vestlust nime järgi
filter-all = Kõik
filter-unread = Lugemata
filter-none = Midagi ei leitud
filter-none-text = Ükski vestlus ei sobi. Proovige teist sõna.
filter-people = Otsi inimest nime järgi
draft = Mustand:
untitled = Nimeta rühm
direct-chat = Otsevestlus
unread-chats = { $count ->
    [one] Üks lugemata sõnumitega vestlus
   *[other] { $count } lugemata sõnumitega vestlust
}
unread-messages = { $count ->
    [one] Üks lugemata sõnum
   *[other] { $count } lugemata sõnumit
}
no-chats-title = Vestlusi veel ei ole
no-chats-text = Looge rühm või kutsuge esimene kolleeg.
pick-title = Valige vestlus
pick-text = Teie vestlused on nimekirjas.

group-title = Rühma nimi
group-purpose = Eesmärk
group-purpose-hint = Üks lause: milleks see rühm on?
group-history = Uued liikmed saavad lugeda
group-members = Inimesed
history-all = kõike, ka liitumiseelset
history-since-joining = ainult pärast liitumist kirjutatut
history-days = { $days ->
    [one] liitumiseelset päeva ja kõike järgnevat
   *[other] { $days } liitumiseelset päeva ja kõike järgnevat
}
people-none = Siin ei ole veel kedagi teist. Kutsuge esimene kolleeg.
people-alone-title = Siin olete ainult teie
people-alone-text = Kutsuge kolleege lingiga; nad ei vaja telefoninumbrit ega pea midagi paigaldama.
people-count = { $count ->
    [one] 1 inimene
   *[other] { $count } inimest
}

invite-text = Lingi avaja liitub teie organisatsiooniga.
invite-room = Lingi avaja liitub teie organisatsiooni ja vestlusega „{ $room }“.
invite-uses = Kui paljudele inimestele?
invite-people = { $count ->
    [one] Ühele inimesele
   *[other] { $count } inimesele
}
invite-lifetime = Kui kaua see kehtib?
invite-hour = Üks tund
invite-day = Üks päev
invite-week = Üks nädal
invite-create = Loo link
invite-ready = Kutse
invite-link = Kutselink
invite-qr = Sama link skaneeritava koodina

can-read = { $count ->
    [one] 1 saab lugeda
   *[other] { $count } saavad lugeda
}
sealed = Pitseeritud
who-sees = Mida teised näevad?
fact-members = { $count ->
    [one] Ainult teie saate lugeda
   *[other] { $count } liiget saavad lugeda
}
fact-members-text = haldurid näevad, kes siin on, aga mitte kunagi seda, mida räägitakse
fact-history = Uued liikmed saavad lugeda
fact-retention = Sõnumid ei jää alles
fact-retention-text = { $days ->
    [one] Need kustutatakse { $days } päeva pärast.
   *[other] Need kustutatakse { $days } päeva pärast.
}
fact-sealed = Salvestatud krüpteeritult
fact-sealed-text = igal sõnumil on oma võti
members = Liikmed
owner = Omanik
add-people = Lisa inimesi
leave = Lahku
leave-title = Kas lahkuda sellest rühmast?
leave-text = Te ei saa siin enam lugeda ega kirjutada. Teie kirjutatu jääb alles.

messages = Sõnumid
message-menu = Toimingud selle sõnumiga
write-to = Sõnum: { $room }
characters-left = Märke järel: { $count }
editing = Sõnumi muutmine
edited = muudetud
new-messages = { $count ->
    [one] 1 uus
   *[other] { $count } uut
}
to-end = { $count ->
    [0] Uusima sõnumi juurde
    [one] Uusima sõnumi juurde, üks on uus
   *[other] Uusima sõnumi juurde, { $count } on uued
}
quote-earlier = Varasem sõnum
not-sent = Saatmata:
removed = Sõnum eemaldatud
removed-by = { $person } eemaldas selle sõnumi
removed-by-you = Te eemaldasite selle sõnumi
unreadable-erased = See sõnum on kustutatud.
erased-person = Kustutatud isik
unreadable-damaged = Seda sõnumit ei saa lugeda. Kahjustusest on teatatud.
remove-title = Kas eemaldada see sõnum?
remove-text = See kaob kõigi jaoks selles vestluses. Jääb näha, et siin oli sõnum.
tick-queued = Ootel
tick-failed = Saatmata
tick-sent = Saadetud
tick-seen = Lugenud { $count }/{ $of }
tick-read = Loetud

room-failed = Sõnumeid ei õnnestunud laadida. Teie kirjutatu on alles.
room-empty-title = Midagi pole veel kirjutatud
room-empty-text = { $count ->
    [one] Seni saate siin lugeda ainult teie.
   *[other] Siin kirjutatut saavad lugeda { $count } inimest.
}
room-gone-title = Te ei ole selles vestluses
room-gone-text = Seda ei ole olemas või te ei ole enam liige.

event-created = { $mine ->
    [yes] Te alustasite seda vestlust
   *[no] { $actor } alustas seda vestlust
}
event-renamed = { $mine ->
    [yes] Te andsite rühmale nime „{ $title }“
   *[no] { $actor } andis rühmale nime „{ $title }“
}
event-retention = { $mine ->
    [yes] Te määrasite, et sõnumid kustutatakse { $days ->
        [one] { $days } päeva
       *[other] { $days } päeva
    } pärast
   *[no] { $actor } määras, et sõnumid kustutatakse { $days ->
        [one] { $days } päeva
       *[other] { $days } päeva
    } pärast
}
event-retention-off = { $mine ->
    [yes] Te määrasite, et sõnumid jäävad alles
   *[no] { $actor } määras, et sõnumid jäävad alles
}
event-changed = { $mine ->
    [yes] Te muutsite seadeid
   *[no] { $actor } muutis seadeid
}
event-joined = { $mine ->
    [yes] Te liitusite
   *[no] { $person } liitus
}
event-added = { $mine ->
    [yes] Te lisasite: { $person }
   *[no] { $actor } lisas: { $person }
}
event-added-you = { $actor } lisas teid
event-left = { $mine ->
    [yes] Te lahkusite
   *[no] { $person } lahkus
}
event-removed = { $mine ->
    [yes] Te eemaldasite: { $person }
   *[no] { $actor } eemaldas: { $person }
}
event-owner = { $mine ->
    [yes] Te määrasite omanikuks: { $person }
   *[no] { $actor } määras omanikuks: { $person }
}
