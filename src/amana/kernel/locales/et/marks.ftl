error-edit-window-over = Selle ruumi reeglite järgi ei saa te seda sõnumit enam muuta.
error-removal-restricted = { $rule ->
    [owners] Selles ruumis eemaldavad sõnumeid ainult ruumi omanikud.
   *[other] Selles ruumis eemaldab igaüks ainult oma sõnumeid.
 }
error-emoji-invalid = Palun valige üks emoji.
error-too-many-reactions = Sõnumil on kõige rohkem { $limit } erinevat emojit. Palun valige mõni olemasolevatest.
error-reaction-not-found = Sellist reaktsiooni ei ole.
error-pinning-restricted = Sõnumeid kinnitavad ainult ruumi hooldajad.
error-too-many-pins = Kinnitada saab kõige rohkem { $limit } sõnumit. Palun vabastage enne mõni.
error-forwarding-off = Selle ruumi sõnumeid ei tohi edasi saata.
error-forwarding-impossible = Seda sõnumit ei saa edasi saata.
error-too-many-targets = Palun saatke korraga edasi kõige rohkem { $limit } vestlusse.
error-forwarded-is-fixed = Edasi saadetud sõnumit ei saa muuta.
