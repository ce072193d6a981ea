# Iga lehe sõnad.
language = Keel
back = Tagasi
close = Sulge
cancel = Loobu
continue = Edasi
create = Loo
add = Lisa
done = Valmis
copy = Kopeeri
copied = Kopeeritud.
copy-failed = See brauser ei luba kopeerida. Palun märgistage tekst ja kopeerige see ise.
edit = Muuda
delete = Kustuta
remove = Eemalda
reply = Vasta
retry = Proovi uuesti
send = Saada
or = või
you = Teie
name = Nimi
handle = Kasutajanimi
password = Parool
somebody = Keegi
loading = Laadimine
try-again = Proovi uuesti
try-now = Proovi kohe
details = Üksikasjad
invite = Kutsu
failed-title = See ei avanenud
failed-text = Midagi ei läinud kaduma: teie kirjutatu on selles seadmes. Palun proovige uuesti.
failed-code = See ei õnnestunud ({ $code }).
unreachable = Server ei ole kättesaadav. Palun kontrollige võrku ja proovige uuesti.

chats = Vestlused
people = Inimesed
me = Mina
today = Täna, { $date }
yesterday = Eile, { $date }

offline = Ootame võrku.
offline-text = Võite edasi kirjutada.
offline-waiting = { $count ->
    [one] Võite edasi kirjutada; üks sõnum läheb ise teele.
   *[other] Võite edasi kirjutada; { $count } sõnumit lähevad ise teele.
}

appearance = Välimus
theme-system = Nagu seadmes
theme-light = Hele
theme-dark = Tume
devices = Seadmed
device = Seade
this-device = See seade
last-used = Viimati kasutatud { $time }
add-passkey = Lisa pääsuvõti
passkey-added = Pääsuvõti on valmis. Edaspidi saate sellega sisse logida.
sign-out = Logi välja
sign-out-title = Kas logida sellest seadmest välja?
sign-out-text = Teie vestlused jäävad serverisse. Tagasitulekuks vajate pääsuvõtit või parooli.
sign-out-waiting = { $count ->
    [one] Üks sõnum on veel saatmata ja läheb kaduma.
   *[other] { $count } sõnumit on veel saatmata ja lähevad kaduma.
}
