"""What is no English speech, and must be answered with nothing: machines, music, other languages.

Everything is 8 kHz, in -1..1, before the telephone line. LANGUAGES are trained on; the examinations
speak HELD_LANGUAGES.
"""
import numpy as np

RATE = 8000
KEYS = {"1": (697, 1209), "2": (697, 1336), "3": (697, 1477), "4": (770, 1209), "5": (770, 1336), "6": (770, 1477),
        "7": (852, 1209), "8": (852, 1336), "9": (852, 1477), "0": (941, 1336), "*": (941, 1209), "#": (941, 1477)}
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
LANGUAGES = {
    "de": ("guten tag ich möchte gern einen termin machen", "können sie mir bitte helfen", "nein danke das ist alles",
           "wann haben sie morgen geöffnet", "mein name ist schneider und ich rufe wegen der rechnung an"),
    "es": ("buenos días quisiera hacer una cita", "cuánto cuesta por favor", "no muchas gracias hasta luego",
           "me llamo fernández y llamo por la factura", "a qué hora abren mañana"),
    "it": ("buongiorno vorrei prenotare un appuntamento", "quanto costa per favore", "grazie arrivederci",
           "mi chiamo rossi e chiamo per domani", "siete aperti il sabato mattina"),
    "nl": ("goedemorgen ik wil graag een afspraak maken", "hoeveel kost dat precies", "dank u wel tot ziens"),
    "ru": ("здравствуйте я хочу записаться на завтра", "сколько это стоит", "спасибо до свидания"),
    "tr": ("iyi günler randevu almak istiyorum", "bu ne kadar tutar", "teşekkür ederim hoşça kalın"),
    "sv": ("hej jag skulle vilja boka en tid", "hur mycket kostar det", "tack så mycket hej då"),
    "ro": ("bună ziua aș vrea o programare", "cât costă vă rog", "mulțumesc la revedere"),
}
HELD_LANGUAGES = {
    "fr": ("bonjour je voudrais prendre un rendez-vous", "combien est-ce que ça coûte", "merci beaucoup au revoir",
           "je vous appelle pour la facture du mois dernier", "est-ce que vous êtes ouverts samedi matin"),
    "pl": ("dzień dobry chciałbym umówić się na wizytę", "ile to kosztuje proszę", "dziękuję bardzo do widzenia",
           "czy macie państwo wolny termin jutro rano"),
    "pt": ("bom dia eu queria marcar uma consulta", "quanto custa por favor", "muito obrigado até logo",
           "vocês estão abertos no sábado de manhã"),
}


def tone(hertz, seconds, level=0.25):
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def keys(r):
    """Keypad tones."""
    said = []
    for _ in range(r.randint(1, 8)):
        low, high = r.choice(list(KEYS.values()))
        length = r.uniform(0.06, 0.3)
        said += [tone(low, length) + tone(high, length), np.zeros(int(RATE * r.uniform(0.05, 0.25)), np.float32)]
    return np.concatenate(said)


def signal(r):
    """Dial, busy and ringing tones, beeps."""
    pair = r.choice(((350, 440), (480, 620), (440, 480), (425, 425), (1000, 1000), (1400, 1400)))
    on, off = r.choice(((0.5, 0.5), (0.25, 0.25), (1, 2), (2, 0.1), (0.3, 0.8)))
    said = []
    for _ in range(r.randint(1, 4)):
        said += [tone(pair[0], on) + tone(pair[1], on), np.zeros(int(RATE * off), np.float32)]
    return np.concatenate(said)[: RATE * 5]


def modem(r):
    """The answer tone and the chatter after it."""
    count = int(RATE * r.uniform(1, 3))
    bits = np.repeat(np.array([r.random() < 0.5 for _ in range(count // 20 + 1)]), 20)[:count]
    phase = 2 * np.pi * np.cumsum(np.where(bits, r.choice((1270, 1300, 2225)), r.choice((1070, 2100, 2025)))) / RATE
    chatter = (0.3 * np.sin(phase)).astype(np.float32)
    return np.concatenate([tone(2100, r.uniform(0.2, 1.2)), chatter])


def music(r, hertz=None):
    """A tune over chords, plucked or held."""
    beat, root = r.uniform(0.15, 0.5), hertz or r.uniform(110, 330)
    count = int(RATE * r.uniform(1.5, 4.5))
    said = np.zeros(count, np.float32)
    partials = [(n, r.uniform(0, 1) / n) for n in range(1, 7)]
    at = 0
    while at < count:
        length = int(RATE * beat * r.choice((1, 1, 2)))
        time = np.arange(min(length, count - at)) / RATE
        for part in range(r.randint(1, 4)):
            pitch = root * 2 ** ((r.choice(SCALE) + 12 * (part == 0)) / 12)
            voice = sum(level * np.sin(2 * np.pi * pitch * n * time) for n, level in partials)
            said[at: at + len(time)] += (voice * np.exp(-time * r.choice((1, 4, 10)))).astype(np.float32)
        at += length
    return said / max(np.abs(said).max(), 1e-6) * 0.4


def foreign(r, espeak, languages=LANGUAGES):
    """Samples and rate of a sentence in another language, or nothing where it is not installed."""
    language = r.choice(list(languages))
    return espeak.say(r.choice(languages[language]), language, r.randint(130, 190), r.randint(30, 70), 50)
