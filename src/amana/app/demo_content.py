"""A made-up harbour firm for `amana demo`: twenty people, four languages, a week's worth of talk.

All people and firms are invented.
"""

from dataclasses import dataclass

ORGANISATION = "Harbour Line"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One of the twenty; the first founds the organisation."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """A group, its members by place in ``PEOPLE`` (the first owns it), and what is said in it."""

    title: str
    purpose: str
    members: tuple[int, ...]
    lines: tuple[str, ...]


PEOPLE = (
    DemoPerson("Mari Tamm", "et"),
    DemoPerson("Liis Kask", "et"),
    DemoPerson("Aino Välja", "et"),
    DemoPerson("Jaan Põld", "et"),
    DemoPerson("Rasmus Õunapuu", "et"),
    DemoPerson("Jonas Weber", "de"),
    DemoPerson("Greta Schönfeld", "de"),
    DemoPerson("Matthias Brückner", "de"),
    DemoPerson("Annelie Großmann", "de"),
    DemoPerson("Uwe Petersen", "de"),
    DemoPerson("عائشة رحمن", "ar"),
    DemoPerson("يوسف الخطيب", "ar"),
    DemoPerson("ليلى منصور", "ar"),
    DemoPerson("سامي حداد", "ar"),
    DemoPerson("نور الدين صالح", "ar"),
    DemoPerson("Kofi Mensah", "en"),
    DemoPerson("Priya Nair", "en"),
    DemoPerson("Tom Ashworth", "en"),
    DemoPerson("Grace O’Connell", "en"),
    DemoPerson("Diego Fernandes", "en"),
)

GROUPS = (
    DemoGroup(
        "Warehouse North",
        "Loading, returns and keys for hall 2.",
        (15, 1, 10, 16, 17, 5, 0, 18, 3),
        (
            "Ready at bay 2 for the truck",
            "Thank you! The truck comes at *14:00*, driver is Peter.",
            "Which slot for bay 3 on Wednesday?",
            "10:00 is free, I have put you in",
            "Two pallets are wrapped badly, we do them again",
            "Keys for hall 2 are back in the box",
            "Forklift 4 needs a new battery, ordered",
            "Can somebody count the blue crates?",
            "I make it 42",
            "43, one was behind the door",
            "Then we are complete. Well done",
            "The scanner at gate B is slow again",
            "Restarted it, try now",
            "Works",
            "- 12 returns checked\n- 3 damaged\n- 1 without a label",
            "The one without a label belongs to order 4411",
            "Please keep the fire door free",
            "Moved. Sorry!",
            "Who closes tonight?",
            "I do, until 18:00",
            "Loading plan is on the board",
            "Driver waits at the barrier",
            "Let him in, bay 1",
            "All loaded, seal number 77-104",
        ),
    ),
    DemoGroup(
        "Tarneplaneerimine",
        "Nädala tarned ja sõidukid.",
        (0, 1, 2, 3, 4, 15),
        (
            "Tere hommikust! Neljapäeva ring on valmis",
            "Kas Tartu peatus jääb sisse?",
            "Jah, aga alles pärast lõunat",
            "Kalev OÜ küsis tellimuse *4411* kohta",
            "See läheb homme kell 9 peale",
            "Buss 2 on hoolduses kuni reedeni",
            "Siis võtame rendiauto, broneerin ära",
            "Broneering tehtud, võtmed on valvelauas",
            "Palun vaadake aadressid üle",
            "Kaks aadressi olid vanad, parandasin",
            "Aitäh, väga hea",
            "Narva teel on teetööd, arvestage 20 minutiga",
            "Muutsin järjekorda: enne Jõhvi, siis Narva",
            "Sobib",
            "Kes on homme esimene kohal?",
            "Mina, pool kaheksa",
            "Saatelehed on prinditud",
            "Üks leht on puudu, tellimus 4418",
            "Leidsin, oli printeris kinni",
            "Kõik autod väljas, head teed!",
        ),
    ),
    DemoGroup(
        "Hafenbüro Hamburg",
        "Abstimmung von Zollpapieren, Liegezeiten und Rechnungen.",
        (5, 6, 7, 8, 9, 0),
        (
            "Guten Morgen, die Zollpapiere für die *Nordwind* sind da",
            "Danke, ich prüfe die Containernummern",
            "Bei Nummer 7 stimmt das Gewicht nicht",
            "Ich frage beim Spediteur nach",
            "Antwort: 18,4 Tonnen, war ein Zahlendreher",
            "Korrigiert und neu eingereicht",
            "Die Liegezeit verlängert sich bis Donnerstag, 16 Uhr",
            "Bitte die Hafenbehörde informieren",
            "Ist erledigt, Bestätigung liegt in der Akte",
            "Wer übernimmt die Rechnungsfreigabe in der Urlaubswoche?",
            "Ich, mit Vertretung durch Herrn Brückner",
            "Die Sicherheitsunterweisung ist am _Freitag um 11 Uhr_",
            "Nehmen alle teil?",
            "Ja",
            "Ich komme zehn Minuten später",
            "Die Donaudampfschifffahrtsgesellschaftskapitänsmütze ist übrigens wieder da",
            "Das Fundbüro dankt",
            "Kaffeemaschine im zweiten Stock ist repariert",
            "Endlich!",
            "Schönen Feierabend zusammen",
        ),
    ),
    DemoGroup(
        "مكتب دبي",
        "تنسيق الشحنات والعملاء في الخليج.",
        (10, 11, 12, 13, 14, 0),
        (
            "صباح الخير، وصلت الشحنة 4411 إلى الميناء",
            "ممتاز، هل الأوراق جاهزة؟",
            "نعم، ينقص توقيع واحد فقط",
            "سأمرّ على المكتب عند الساعة 10:30",
            "شكرًا جزيلًا",
            "العميل يسأل عن موعد التسليم",
            "يوم *الأربعاء* قبل الظهر",
            "أبلغته وهو موافق",
            "السائق الجديد يبدأ غدًا",
            "أهلًا به في الفريق",
            "من يستلم المفاتيح؟",
            "أنا، سأكون في المستودع منذ السابعة",
            "درجة الحرارة في المخزن 2 مرتفعة قليلًا",
            "اتصلت بالصيانة وسيأتون بعد الظهر",
            "تم الإصلاح، الدرجة الآن 19",
            "أرسلت الفاتورة رقم 2026-118",
            "وصلت، سأراجعها اليوم",
            "نلتقي في الاجتماع عند الثالثة",
            "حاضر",
            "يوم موفق للجميع",
        ),
    ),
    DemoGroup(
        "News from all sites",
        "What everybody should know.",
        tuple(range(20)),
        (
            "Welcome to our new home for work talk. No phone numbers, no private apps.",
            "Die Kantine ist am Freitag geschlossen.",
            "Reedel kell 15 on kevadkoristus, kook on kaetud.",
            "مكتب دبي مغلق يوم الخميس بمناسبة العطلة.",
            "The new safety shoes can be collected in hall 1.",
            "Bitte denken Sie an die Urlaubsanträge bis Monatsende.",
            "Uued töögraafikud on väljas.",
            "أهلًا بالزملاء الجدد من إستونيا وألمانيا",
            "Thank you all for a strong November!",
        ),
    ),
    DemoGroup(
        "IT help",
        "Questions about devices, sign-in and printers.",
        (17, 18, 19, 2, 6, 12, 14),
        (
            "My new phone asks for a passkey, what is that?",
            "Your finger or your face instead of a password. Say yes",
            "Done, that was quick",
            "Printer on floor 2 says `paper jam` but there is no paper in it",
            "Open the back flap, there is always one sheet hiding",
            "Found it. You are a wizard",
            "Kann ich mich auch am Tablet anmelden?",
            "Ja, einfach die Adresse öffnen und anmelden",
            "Wunderbar, klappt",
            "هل يمكنني تغيير لغة الواجهة؟",
            "نعم، من الإعدادات ثم اللغة",
            "شكرًا",
            "Kuidas ma välja login vanast telefonist?",
            "Seaded, seadmed, ja vajuta Eemalda",
            "Tehtud!",
            "Wi-Fi in the canteen is back",
        ),
    ),
)

DIRECT = (
    (0, 1, ("Tere Liis, kas jõuad homme?", "Jõuan, pool üheksa", "Super, toon kohvi")),
    (5, 6, ("Haben Sie kurz Zeit?", "Ja, in fünf Minuten", "Perfekt, danke")),
    (15, 16, ("Can you cover Friday?", "Yes, if you take Monday", "Deal")),
    (10, 12, ("هل انتهيت من التقرير؟", "نعم، أرسلته قبل قليل", "رائع")),
    (0, 17, ("The printer again…", "On my way", "It was the hidden sheet")),
)
