error-mention-invalid = Üht nime tekstis ei ole.
error-too-many-mentions = Palun nimetage ühes sõnumis kõige rohkem { $limit } inimest.
error-mention-not-member = { $count ->
    [one] Üks inimene, keda te nimetate, ei ole selles vestluses.
   *[other] { $count } inimest, keda te nimetate, ei ole selles vestluses.
  }
error-mention-count-changed = { $count ->
    [one] Teate saab üks inimene. Palun kinnitage.
   *[other] Teate saab { $count } inimest. Palun kinnitage.
  }
error-mention-all-restricted = Kõiki korraga saavad siin kutsuda ainult omanik ja asetäitjad.
error-mention-all-misplaced = Kõiki korraga saab kutsuda ainult uue sõnumiga vestluses endas.
error-threads-off = Selles vestluses ei ole jutulõngu. Palun vastake tsitaadiga.
error-thread-invalid = Siin ei ole sõnumit, mille alla jutulõng saaks tulla.
error-cursor-invalid = See loend ei jätku sealt. Palun laadige see uuesti.
