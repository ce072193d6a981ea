error-not-in-log = Logis sellist kirjet ei ole.
