# Lehed neile, kes ei ole veel sees.
setup-title = Amana seadistamine
setup-text = Teist saab omanik. Kohe pärast seda saate kolleege kutsuda.
setup-organisation = Teie organisatsiooni nimi
setup-name = Teie nimi
setup-address = Amana aadress on { $origin }. Lingid ja pääsuvõtmed on selle aadressiga seotud; see jääb püsima.
setup-submit = Alusta
setup-bad = See seadistuslink ei kehti

join = Liitu
join-title = { $inviter } kutsub teid: { $organisation }
join-title-plain = Tere tulemast: { $organisation }
join-room = Liitute vestlusega „{ $room }“.
join-until = Kehtib kuni { $time }
join-bad = See kutse ei kehti
join-point-install = Pole vaja midagi paigaldada
join-point-install-text = Ei telefoninumbrit ega rakendusepoodi.
join-point-read = Näete, kes saab lugeda
join-point-read-text = Igas vestluses, selgete sõnadega.
join-point-key = Hoitakse pitseeritult
join-point-key-text = Teie kirjutatu salvestatakse krüpteeritult.
join-name-title = Kuidas kolleegid teid kutsuvad?
join-name-text = Nad näevad seda nime. Saate selle hiljem muuta.
join-name-note = Teie nimi jääb teie kirjutatu juurde.
join-key-title = Kuidas soovite sisse logida?
join-key-text = Mõlemad viisid on täisväärtuslikud. Teise saate hiljem lisada.
join-submit = Liitu
have-account = Mul on konto
step-of = Samm { $step }/{ $of }

credential-legend = Sisselogimise viis
credential-passkey = Pääsuvõti
credential-passkey-text = Teie sõrm, nägu või selle seadme kood. Pole vaja midagi meeles pidada.
credential-password = Parool
credential-password-text = Töötab igas seadmes koos teie kasutajanimega.
create-passkey = Loo pääsuvõti
passkeys-missing = See brauser ei saa siin pääsuvõtmeid kasutada, palun valige parool.
passkey-cancelled = Pääsuvõtit ei kasutatud. Proovige uuesti või valige parool.
password-hint = Vähemalt 10 märki. Mitu sõna on hea valik.

handle-title = Teie kasutajanimi
handle-text = Selle nime ja parooliga logite sisse teistes seadmetes. Palun kirjutage see üles.
handle-continue = Ava vestlused

sign-in-title = Tere tulemast tagasi
sign-in-passkey = Logi sisse pääsuvõtmega
sign-in-password = Logi sisse parooliga
sign-in-help = Ligipääs kadunud? Küsige neilt, kes teie organisatsioonis Amanat haldavad.
