"""Names nobody bears, spelled as they sound: they teach the recogniser to write what it hears.

No name of an examination comes out of here; pieces of them may, as they do in any name.
"""
HEADS = ("ab ad al am an ar bar bel ben ber bol bor bran bren bur cal car cas cor cul dal dan dar del den dor "
         "dun el em en fal far fen fin flor for gal gan gar gil gor gran hal ham han har hel hol hos in jan jar "
         "jen jor kal kan kar kel ken kir kol lan lar len lin lor lun mal man mar mel mer mil mon mor mul nal nel "
         "nor ol or os pal par pel per pol por ral ran rem ren rom ros sal san sel ser sol sor tal tan tar tel "
         "tem ter tol tor tran tul val van var vel ven ver vin vol wal wen wil yar zan zel").split()
MIDDLES = "a e i o u a e i o en er el an ar in on or is al".split()
TAILS = ("a ado ah ai ak an and ano ard as by da dal dan den der do don dra el ell en er es ett ford ga gan go "
         "han i ia ian ic ick ik ill in ina ing ini ino is ison ka ke ken ki kin la land len ler ley li lin lo "
         "lock lor ly ma man mann men mer mi min mo mon mond mor na ner nes ney ni no o off old on ona one or os "
         "ov over ovich ra ran rell ren ri rick rin ris ro ron row ry sen ser si ski sky so son stein sten ston "
         "ta tan ter ti tin to ton tor tra va van ven ver vi vin well wick win wood worth za zi zo").split()
# Two words in one, as in many English surnames.
FIRST_HALVES = ("apple ash barn beck birch black blue bow bridge bright broad brook bush castle cliff clover copper "
                "cotton crow dale dark dove drift east elder elm fair fern field fire flint fox frost glen gold "
                "gray green gull hart hawk hazel heather high hill holly honey horn ivy kings lake lamb lark leaf "
                "light lind lock long marsh mead mill moon moss moor night north nut oak over park pearl penny "
                "pine rain raven red river rock rose rush salt sand shaw shep silver snow south sparrow spring "
                "stan star stone storm summer sun swan thorn under up vale wal water west whit white wild win "
                "winter wolf wood").split()
SECOND_HALVES = ("bank beck berg berry bourne bridge brook burn bury by combe cote croft dale dene den don ell field "
                 "fold ford gate gill grave grove hall ham hart hill holm house hurst land lay leigh ley lock low "
                 "man mark mead mere mond mont more ness ridge row sea sey shaw shire side smith son stead sted "
                 "stock stone stow thorpe ton tree vale wall ward water way well wick win wood worth yard").split()
ONSETS = ("b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p ph pl pr qu r s sh sk sl sm sn sp st str t th tr "
          "v w y z").split()
VOWELS = "a e i o u a e i o ai ay ea ee ie oa oo ou ow".split()
CODAS = ("b ck d ff g l ll m n nd ng nt p r rd rk rn rs rt s sh sk ss st t th x z").split()


def pieced(r):
    middle = r.choice(MIDDLES) if r.random() < 0.4 else ""
    return r.choice(HEADS) + middle + r.choice(TAILS)


def doubled(r):
    return r.choice(FIRST_HALVES) + r.choice(SECOND_HALVES)


def sounded(r):
    said = r.choice(ONSETS) + r.choice(VOWELS)
    if r.random() < 0.55:
        return said + r.choice(CODAS)
    return said + r.choice("bdfgklmnprstvz") + r.choice(("a", "e", "en", "er", "et", "i", "ie", "in", "is", "o",
                                                        "on", "or", "ow", "y", "ay", "ell", "ick", "ine"))


def coined(r, taken):
    """A name that is not among `taken`."""
    while True:
        name = r.choices((pieced, doubled, sounded), (0.45, 0.3, 0.25))[0](r)
        if 3 <= len(name) <= 12 and name not in taken and not any(c * 3 in name for c in name):
            return name
