error-name-invalid =
    { $reason ->
        [empty] Palun sisestage nimi.
        [length] See nimi on liiga pikk: kõige rohkem { $max_characters } märki.
       *[other] See nimi sisaldab märke, mida ei saa turvaliselt kuvada.
     }
error-password-too-short = Paroolis peab olema vähemalt { $min_characters } märki. Lühike lause on hea parool.
error-password-too-long = Paroolis võib olla kõige rohkem { $max_characters } märki.
error-password-too-common = See parool arvatakse ära esimeste seas. Palun valige teine.
error-sign-in-method-missing = Palun valige pääsuvõti või parool, et saaksite hiljem uuesti sisse logida.
error-passkey-refused = Pääsuvõtit ei õnnestunud kontrollida. Palun proovige uuesti.
error-passkey-known = See pääsuvõti on juba lisatud või on teil juba suurim lubatud arv pääsuvõtmeid.
error-passkey-not-found = Sellist pääsuvõtit ei ole või on see juba eemaldatud.
error-last-sign-in-method = See on teie ainus viis sisse logida. Palun lisage enne teine pääsuvõti või parool.
error-confirmation-required = Palun logige enne uuesti sisse: see on võimalik ainult kohe pärast sisselogimist või teie parooliga.
error-sign-in-failed = Sisselogimine ei õnnestunud. Palun kontrollige nime ja parooli või kasutage pääsuvõtit.
error-sign-in-throttled = Liiga palju katseid. Palun proovige uuesti { $retry_after_s } sekundi pärast.
error-sign-in-busy = Praegu logivad paljud korraga sisse. Palun proovige hetke pärast uuesti.
error-not-set-up = See paigaldus ei ole veel seadistatud.
error-setup-unknown = See seadistuslink ei kehti. Server näitab igal käivitamisel uut linki.
error-setup-used = See paigaldus on juba seadistatud. Küsige omanikult kutset.
error-setup-expired = See seadistuslink on aegunud. Uue saamiseks taaskäivitage server.
error-invitation-unknown = Sellist kutset ei ole. Palun kontrollige, et link oleks täielik.
error-invitation-used-up = See kutse on juba kasutatud. Küsige uut.
error-invitation-expired = See kutse on aegunud. Küsige uut.
error-invitation-revoked = See kutse on tagasi võetud. Küsige selle andjalt.
error-role-too-high = Saate anda ainult enda omast madalamaid rolle.
error-last-owner = Organisatsioonil peab olema vähemalt üks omanik. Määrake kõigepealt keegi teine omanikuks.
error-not-permitted = Teil ei ole selleks õigust. Administraatoril on.
error-session-not-found = Sellist seadet ei ole või on see juba välja logitud.
error-api-token-not-found = Sellist luba ei ole või on see juba lõpetatud.
error-too-many-api-tokens = Teil on juba { $limit } luba, rohkem ei saa. Lõpetage enne mõni neist.
error-scope-too-wide = See luba ei saa anda rohkem, kui tal endal on: { $scopes }
