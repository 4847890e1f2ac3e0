"""Frequent words of news in sixteen languages, so that a term which would also find one of them can be told.

Written for this check from the words that fill every page: function words, days, offices, sport, trade. Not a
dictionary: that a term is not found here proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from db.search import split_words

_WORDS = {
    "en": """the and for that with from this have has been was were will would could should about after before their
    they there which when where what who how more most other some than then also into over under between against
    during says said people year years week month day today yesterday monday tuesday wednesday thursday friday
    saturday sunday government minister president police court state party country city world news report company
    market money bank work home family children school health water food talk take make made give good great part
    place point time right law human house game team match sport goal season player win film music book""",
    "de": """der die das und ist nicht mit von für auf ein eine einen dem den des sich auch als nach bei aus wird
    werden wurde wurden haben hat sind war waren über unter zwischen gegen während sagte jahr jahre woche monat heute
    gestern montag dienstag mittwoch donnerstag freitag samstag sonntag regierung minister präsident polizei gericht
    staat partei land stadt welt bericht unternehmen markt geld bank arbeit haus familie kinder schule gesundheit
    wasser menschen spiel mannschaft sport saison trainer sieg film musik buch art rat tag talent gegend mache
    immer""",
    "fr": """les des une dans pour que qui sur avec pas par plus est sont été cette mais ou comme tout aussi après
    avant entre contre pendant leur leurs nous vous ils elle année années semaine mois jour hier lundi mardi mercredi
    jeudi vendredi samedi dimanche gouvernement ministre président police tribunal état parti pays ville monde rapport
    société marché argent banque travail maison famille enfants école santé eau gens personnes match équipe sport
    saison film musique livre port porte droit""",
    "es": """los las del que por con para una uno como más pero sus este esta todo también después antes entre contra
    durante según año años semana mes día hoy ayer lunes martes miércoles jueves viernes sábado domingo gobierno
    ministro presidente policía tribunal estado partido país ciudad mundo informe empresa mercado dinero banco trabajo
    casa familia niños escuela salud agua personas partido equipo deporte deportes deportivo deportiva temporada gol
    película música libro guerra mano""",
    "it": """gli del della dei delle che per con una uno non più come anche dopo prima tra fra contro durante secondo
    anno anni settimana mese giorno oggi ieri lunedì martedì mercoledì giovedì venerdì sabato domenica governo
    ministro presidente polizia tribunale stato partito paese città mondo rapporto azienda mercato soldi banca lavoro
    casa famiglia bambini scuola salute acqua persone partita squadra sport stagione gol film musica libro pace
    parte""",
    "pt": """dos das que por com para uma como mais mas seus este esta tudo também depois antes entre contra durante
    segundo ano anos semana mês dia hoje ontem segunda terça quarta quinta sexta sábado domingo governo ministro
    presidente polícia tribunal estado partido país cidade mundo relatório empresa mercado dinheiro banco trabalho
    casa família crianças escola saúde água pessoas jogo equipe esporte desporto temporada gol filme música livro""",
    "nl": """het een van voor met dat die niet zijn aan ook door over naar maar nog wordt werd hebben heeft was waren
    tussen tegen tijdens zei jaar week maand dag vandaag gisteren maandag dinsdag woensdag donderdag vrijdag zaterdag
    zondag regering minister president politie rechtbank staat partij land stad wereld bericht bedrijf markt geld bank
    werk huis gezin kinderen school gezondheid water mensen wedstrijd ploeg sport seizoen film muziek boek""",
    "pl": """nie się jest na do że jak ale oraz przez dla po przed między przeciw podczas jego ich rok roku lat
    tydzień miesiąc dzień dziś wczoraj poniedziałek wtorek środa czwartek piątek sobota niedziela rząd minister
    prezydent policja sąd państwo partia kraj miasto świat raport firma rynek pieniądze bank praca dom rodzina dzieci
    szkoła zdrowie woda ludzie mecz drużyna sport sezon gol film muzyka książka talent talerz pokój""",
    "tr": """bir ve bu için ile daha olarak olan çok gibi kadar sonra önce arasında karşı göre dedi yıl hafta ay gün
    bugün dün pazartesi salı çarşamba perşembe cuma cumartesi pazar hükümet bakan başkan cumhurbaşkanı polis mahkeme
    devlet parti ülke şehir dünya rapor şirket pazar para banka iş ev aile çocuk okul sağlık su insan maç takım spor
    sezon gol film müzik kitap kabul kabulü talip talibi""",
    "ru": """что как это для или его при так все уже был была были будет также после между против время который
    которые год года лет неделя месяц день сегодня вчера понедельник вторник среда четверг пятница суббота воскресенье
    правительство министр президент полиция суд государство партия страна город мир мира миру мировой доклад компания
    рынок деньги банк работа дом семья дети школа здоровье вода люди матч команда спорт сезон гол фильм музыка книга
    минск минский миллион самый""",
    "uk": """що як для або його при так все вже був була були буде також після між проти час який які рік року років
    тиждень місяць день сьогодні вчора понеділок вівторок середа четвер пʼятниця субота неділя уряд міністр президент
    поліція суд держава партія країна місто світ звіт компанія ринок гроші банк робота дім родина діти школа здоровʼя
    вода люди матч команда спорт сезон гол фільм музика книга""",
    "ar": """من في على إلى عن مع هذا هذه التي الذي كان كانت بعد قبل بين ضد خلال وقال قال قالت عام سنة أسبوع شهر يوم
    اليوم أمس الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد الحكومة وزير رئيس الرئيس الشرطة المحكمة الدولة حزب
    بلد مدينة العالم تقرير شركة السوق مال بنك عمل بيت أسرة أطفال مدرسة الصحة ماء الناس مباراة فريق رياضة موسم هدف فيلم
    كتاب طالب طالبت السلام""",
    "fa": """از در به با که این آن را برای است بود شد شده می کرد کرده گفت پس پیش میان علیه سال هفته ماه روز امروز
    دیروز شنبه یکشنبه دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه دولت وزیر رئیس جمهور پلیس دادگاه کشور حزب شهر جهان گزارش
    شرکت بازار پول بانک کار خانه خانواده کودکان مدرسه سلامت آب مردم بازی تیم ورزش فصل گل فیلم کتاب طلا صلحی""",
    "ps": """د په او له ته چې دا دی ده کې سره کړي کړ وو شو وویل وروسته مخکې منځ پر ضد کال اونۍ میاشت ورځ نن پرون حکومت
    وزیر ولسمشر پولیس محکمه دولت ګوند هېواد ښار نړۍ راپور شرکت بازار پیسې بانک کار کور کورنۍ ماشومان ښوونځی روغتیا
    اوبه خلک لوبه لوبډله ورزش فلم کتاب""",
    "ur": """کے کی کا میں سے کو اور پر نے ہے ہیں تھا تھی یہ وہ کہ بھی بعد پہلے درمیان خلاف سال ہفتہ مہینہ دن آج کل پیر
    منگل بدھ جمعرات جمعہ ہفتے اتوار حکومت وزیر صدر پولیس عدالت ریاست پارٹی ملک شہر دنیا رپورٹ کمپنی بازار پیسے بینک
    کام گھر خاندان بچے سکول صحت پانی لوگ میچ ٹیم کھیل فلم کتاب شام طالب""",
    "sv": """och att det som för med den till inte har var ett från efter före mellan mot under sade år vecka månad
    dag idag igår måndag tisdag onsdag torsdag fredag lördag söndag regeringen minister president polis domstol stat
    parti land stad världen rapport företag marknad pengar bank arbete hus familj barn skola hälsa vatten människor
    match lag sport säsong mål film musik bok""",
}

FREQUENT: Mapping[str, frozenset[str]] = {
    language: frozenset(word for word in split_words(text) if len(word) > 1) for language, text in _WORDS.items()
}
"""Folded words by language (ISO 639-1)."""

_LOOKALIKES = {
    "ar": """وزير وزراء وزارة وكالة وكيل ولاية والي والد والدة وحدة ورقة وجهة وسام وسط وصول وصلة وضع وطن وعد وفد وفاق
    وقت وقف وقود وباء ورد وجود وثائق بلاد بيان بحث بحر بحرية بريد برلمان بطل بناء بنك بنت بيت بلد برنامج باب لجنة لقاء
    لغة ليل لون لبنان لندن ليبيا البان القاب العاب الوان بطاقة بطاقات ولايات واردات واقع وادي واحد وفاة وسيط وساطة
    ورشة بحوث بشرية بعثة بيروت برميل""",
    "fa": "تنها بها رها",
    "he": """בית בנק ביטחון ברית ועדה ולד לחם לילה לשון מספר מדבר מקום משפט ממשלה מחבר מלחמה משרד שנה שבת שלום כסף הסכם
    הודעה בחירות בריאות בקשה בעיה בסיס בדיקה ברכה הגנה הכרה מחיר משקל""",
}
LOOKALIKES: Mapping[str, frozenset[str]] = {
    language: frozenset(split_words(text)) for language, text in _LOOKALIKES.items()
}
"""Frequent words whose first or last letters only look like words attached (`db.spellings`), folded."""
