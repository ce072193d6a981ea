"""What is tried first everywhere.

Length and throttling do the work; this stops what an attacker tries within the few attempts that
throttling leaves (OWASP ASVS 5, 6.2.4: at least the 3,000 most frequent).
"""

from functools import cache

# What lists made of English-speaking sites do not have: our languages, our seasons, our name.
_OURS = frozenset(
    """
    password passwort parool password1 password12 password123 passwort123 passw0rd p@ssw0rd
    1234567890 0123456789 12345678910 123456789a 0987654321 9876543210 1q2w3e4r5t 1q2w3e4r5t6y
    qwertyuiop qwertzuiop qwerty qwertz qwerty123456 qwertyuiop123 asdfghjkl asdfghjklö yxcvbnm zxcvbnm
    1qaz2wsx3edc 1qaz2wsx qazwsxedc q1w2e3r4t5 qwer1234 abcdefghij abcdefgh abcd1234 abc123
    iloveyou letmein letmeinplease welcome willkommen teretulemast changeme changeit
    changeme123 administrator admin adminadmin administraator superuser root rootroot toor test testtest
    testpassword testpasswort secret geheim salasona salajane master hallo hallohallo hello helloworld
    sunshine princess football fussball fußball basketball baseball dragon monkey shadow superman batman
    pokemon starwars whatever trustno1 liverpool arsenal chelsea barcelona schalke borussia
    bayernmuenchen ichliebedich schatz sommer winter fruehling herbst sommer2025 sommer2026 winter2025
    winter2026 summer summer2025 summer2026 spring autumn january february march april may june july august
    september october november december januar februar märz mai juni juli oktober dezember
    correcthorsebatterystaple correct horse battery staple
    michael jennifer charlie computer internet samsung google facebook whatsapp amana messenger
    tallinn estonia eesti berlin deutschland london mohammed ahmed habibi alhamdulillah bismillah
    mypassword meinpasswort minuparool newpassword neuespasswort default guest gast company firma
    """.split()
)


@cache
def common_passwords() -> frozenset[str]:
    """The 30,000 most frequent passwords of public breaches, as the zxcvbn library ranks them, and ours."""
    # Half a megabyte of words that most processes of the command line never need.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return _OURS.union(FREQUENCY_LISTS["passwords"])
