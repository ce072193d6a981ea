# Käsu `amana witness` leht neile, kes selle aadressi avavad.
witness-page-title = Tunnistaja
witness-page-what = See aadress kuulub tunnistajale. Ta allkirjastab Amana serveri logi ainult seni, kuni logi üksnes kasvab: mis logis oli, on seal endiselt, muutmata ja samas järjekorras.
witness-page-not = Ta ei loe sõnumeid ega tunne kedagi. Temani jõuab ainult see, mitu kirjet logis on, ja nende sõrmejälg.
witness-page-key = Tema avalik võti, serveri eeskirja jaoks ja kõigile, kes allkirja kontrollivad:
error-policy-wrong = Eeskirja ei saa sellisena kasutada: vaadake rida { $line }.
