error-frame-invalid = Programm saatis midagi, millest server aru ei saa. Palun laadige programm uuesti.
error-too-many-frames = Liiga palju korraga. Kohe läheb edasi.
error-server-stopping = Server taaskäivitub. Kohe läheb edasi.
