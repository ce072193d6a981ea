error-mention-invalid = Ein Name steht nicht im Text.
error-too-many-mentions = Bitte nennen Sie in einer Nachricht höchstens { $limit } Personen.
error-mention-not-member = { $count ->
    [one] Eine Person, die Sie nennen, ist nicht in diesem Gespräch.
   *[other] { $count } Personen, die Sie nennen, sind nicht in diesem Gespräch.
  }
error-mention-count-changed = { $count ->
    [one] Damit benachrichtigen Sie eine Person. Bitte bestätigen Sie das.
   *[other] Damit benachrichtigen Sie { $count } Personen. Bitte bestätigen Sie das.
  }
error-mention-all-restricted = Alle auf einmal rufen hier nur Besitzer und Vertretung.
error-mention-all-misplaced = Alle auf einmal rufen Sie nur mit einer neuen Nachricht im Gespräch selbst.
error-threads-off = In diesem Gespräch gibt es keine Threads. Bitte antworten Sie mit einem Zitat.
error-thread-invalid = Hier ist keine Nachricht, unter der ein Thread stehen könnte.
error-cursor-invalid = Diese Liste geht von dort nicht weiter. Bitte laden Sie sie neu.
