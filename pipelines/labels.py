"""What sites in many languages call the lines around a story: "Read more", "Reporting by", "Foto:", "Tags:" ...

General phrases only, in the languages of the large news markets; nothing here is the name of an outlet. Every pattern
is matched at the beginning of a line, letters of either case.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"[\W_]*(?:{'|'.join(patterns)})", re.IGNORECASE)


CROSS_REFERENCE = _any(
    r"(?:also )?read(?: (?:more|also|next|on|the full (?:story|article)(?: here)?))?(?=\s*[:|])|read (?:more"
    r"|also|next)\b|(?:see|watch) (?:also|more)\b|also (?:read|see|on|watch)\b",
    r"more (?:from|on|in|coverage|stories)\b|related\b|recommended (?:reading|stories|for you|videos?)"
    r"|you (?:may|might) (?:also )?(?:like|enjoy|be interested)",
    r"don['’]t miss|must read|what to read next|(?:most (?:read|popular|viewed)|popular (?:on|in))\b|trending now"
    r"|latest (?:news|stories)$|top stories",
    r"editor['’]?s['’]? picks?|in case you missed|further reading$|popular$|trending$|recommended$",
    r"lesen sie (?:auch|mehr|hier|dazu)|lest? auch|mehr (?:zum thema|dazu|lesen|themen|infos|informationen)\b"
    r"|(?:zum )?weiterlesen|auch interessant|das (?:thema )?könnte|siehe auch",
    r"weitere (?:themen|aktuelle|artikel|informationen|infos|meldungen|nachrichten|beiträge|videos|news"
    r"|links?)\b|ähnliche (?:artikel|beiträge|themen)|empfohlene (?:artikel|beiträge)|verwandte (?:artikel"
    r"|themen)|passend dazu",
    r"(?:à )?lire (?:aussi|également|la suite)|à (?:lire|voir)(?= aussi|\s*[:|])|voir aussi|sur le même sujet"
    r"|(?:nos )?articles? (?:liés|similaires|associés)|pour aller plus loin",
    r"lee(?:r)? (?:también|más)|(?:te|le) puede interesar|(?:noticias?|artículos?|contenidos?) relacionad[oa]s?"
    r"|ver también|más (?:información|noticias)\b|mira también|quizás te interese",
    r"leggi (?:anche|tutto|di più)|potrebbe interessarti|(?:articoli|notizie) correlat[ie]"
    r"|ti potrebbe interessare|vedi anche",
    r"lei[ae] (?:também|mais)|veja (?:também|mais)|saiba mais|(?:notícias?|matérias?"
    r"|conteúdos?) relacionad[oa]s?|confira também",
    r"lees (?:ook|meer|verder)|meer over|bekijk ook|zie ook|les (?:også|mer)|se også|läs (?:också|mer|även)"
    r"|lue (?:myös|lisää|aiheesta)|katso myös|læs (?:også|mere)",
    r"(?:czytaj|zobacz|przeczytaj|sprawdź) (?:też|także|również|więcej)|čtěte (?:také|více|dále)"
    r"|olvas[sd]a? (?:el|tovább)|citește și|vezi și",
    r"читайте (?:также|еще|ещё|подробнее)|читать (?:также|далее|еще|ещё)|смотрите также|(?:материалы )?по теме$"
    r"|другие новости|читайте також|дивіться також",
    r"ilgili haber(?:ler)?|ayrıca oku|devamını oku|baca juga|simak juga|lihat juga|(?:artikel|berita) terkait"
    r"|xem thêm|đọc thêm",
    r"بیشتر بخوانید|همچنین بخوانید|(?:مطالب|اخبار|خبرهای) مرتبط|ادامه مطلب|در همین زمینه|[اإ]قر[أا] (?:أيضا"
    r"|أيضاً|أيضًا|المزيد)|(?:مواضيع|أخبار|مقالات) (?:ذات صلة|متعلقة)|شاهد أيضا|قد يهمك",
    r"مزید پڑھیں|یہ بھی پڑھیں|متعلقہ خبریں|(?:यह|ये|इसे) भी पढ़ें|और पढ़ें|আরও পড়ুন|อ่านเพิ่มเติม"
    r"|ข่าวที่เกี่ยวข้อง",
    r"関連(?:記事|ニュース|リンク|キーワード)|あわせて読みたい|おすすめ(?:記事|情報)|続きを読む"
    r"|相[关關](?:阅读|閱讀|新[闻聞]|[报報][道導]|文章)|延伸[閱阅][讀读]|推[荐薦]阅读"
    r"|관련 ?(?:기사|뉴스)|함께 보면",
)
"""Sends readers to other stories."""

READING_TIME = _any(
    r"\d+\s*[- ]?\s*min(?:ute)?s?\.? (?:read|to read|listen)|(?:estimated )?(?:reading|read) time\b"
    r"|(?:voraussichtliche )?lese(?:zeit|dauer)\b|\d+ min(?:uten)?\.? lese(?:zeit|dauer)",
    r"(?:temps|durée) de lecture|lecture \d+ min|\d+ min(?:utes)? de lecture|tiempo de lectura"
    r"|\d+ min(?:utos)? de lectura|tempo (?:de|di) (?:leitura|lettura)|\d+ min(?:uti)? di lettura",
    r"leestijd|lästid|læsetid|lesetid|czas czytania|(?:ten )?tekst przeczytasz|время (?:чтения|на прочтение)"
    r"|час читання|okuma süresi|زمان مطالعه|وقت القراءة|مدة القراءة",
)
"""How long reading takes."""

PAGE_DATE = _any(
    r"(?:(?:first |last |originally )?(?:published|updated|posted|modified)|(?:zuletzt )?(?:aktualisiert"
    r"|veröffentlicht)|veröffentlichung|stand|publié|mis à jour|publicado|actualizado|pubblicato|aggiornato"
    r"|atualizado"
    r"|gepubliceerd|bijgewerkt|publicerad|uppdaterad|publisert|oppdatert|opublikowano|aktualizacja|опубликовано"
    r"|обновлено|оновлено|güncelleme|yayınlanma|منتشر شده|تاریخ انتشار|نُشر|نشر في)\b(?=.{0,40}\d|\W*$)",
)
"""When the page was published or changed."""

CREDIT = _any(
    r"(?:photo(?:s|graph)?|image|picture|pic|video|illustration|graphic|credit|(?:photo|image|picture"
    r"|video) (?:credit|source|courtesy)|getty images"
    r"|foto(?:s)?|bild(?:er|quelle|rechte|nachweis)?|symbolbild|archivbild|crédits?|crédit photo|imagen"
    r"|fotografía|immagine|imagem|fot|фото|صورة|عکس|تصویر)\s*(?:by\b|[:/©|]|credit\b|：)",
    r"(?:写真|写真提供|图片来源|圖片來源|사진)\s*[=:：/]",
)
"""Names who made a picture."""

DESK_NAMES = _any(
    r"(?:additional|further) reporting (?:by|from)\b|with (?:files|reporting|reports|additional reporting"
    r"|inputs?|information|contributions?) (?:from|by)\b",
    r"mit (?:material|informationen|inhalten|agenturmaterial)\b"
    r"|(?:source|quellen?|fuente|fonte|bron|źródło|источник|kaynak|المصدر|منبع)\s*[:：]",
)
"""Opens the names of who else worked on a story."""
DESK_NOTE = _any(
    r"(?:avec|con(?: información de)?"
    r"|com informações d[aeo]|com agências|con agencias)(?: l['’])?(?: ?(?:afp|reuters|ap|efe|ansa|dpa|lusa))\b",
    r"(?:this is a )?(?:breaking|developing) (?:news )?(?:story|news)|this (?:article|story|post"
    r"|version)\b.{0,60}\b(?:was|has been) (?:last )?updated"
    r"(?=\W*$|\. |,? (?:to|with|at|on|since|after|following|throughout)\b)",
    r"dieser (?:artikel|text|beitrag) (?:erschien|wurde|ist) (?:zuerst|zuletzt|erstmals|ursprünglich)"
    r"|aus dem (?:englischen|französischen"
    r"|amerikanischen) von",
)
"""Says how a story came about; notes of corrections are no such line, revisions read them."""
CONTRIBUTED = re.compile(
    r"\b(?:contributed to|contributed|assisted with) (?:this|the) (?:report|story|article|reporting)(?=\W*$|[.)] )"
    r"|\bcontributed reporting\b|\breported from\b.{0,200}\b(?:contributed|writers?)\b|\b(?:trug"
    r"|trugen) zu diesem (?:bericht|artikel)",
    re.IGNORECASE,
)
"""The same, at the end of the sentence."""

RIGHTS = _any(
    r"©(?!\s+(?-i:[a-z]))|\(c\) ?\d{4}|copyright\s*(?:©|ⓒ|\(c\)|by\b|\d{4}(?!\s+(?-i:(?!by\b)[a-z]))|:)"
    r"|all rights reserved|alle rechte vorbehalten|tous droits réservés"
    r"|todos los derechos reservados|tutti i diritti (?:sono )?riservati|todos os direitos reservados"
    r"|wszelkie prawa zastrzeżone|все права (?:защищены|на материалы)",
    r"this material may not be|unauthori[sz]ed (?:reproduction|use)\b.{0,80}\b(?:prohibited|forbidden)"
    r"|無断(?:転載|複製)|無斷|무단 ?전재|저작권자 ?[©ⓒ(]"
    r"|版[权權](?:所有|[声聲]明|[归歸].{1,20}所有(?:\W*$|，.*[转轉][载載]))|tüm hakları"
    r"|كل الحقوق|جميع الحقوق|(?:تمامی|کلیه) حقوق|any reproduction",
)
"""Who holds the rights."""

FILING = _any(
    r"(?:filed (?:under|in)|tags?|tagged(?: (?:with|as|in))?|topics?|keywords?|categor(?:y|ies)|posted in"
    r"|schlag(?:wörter|worte)|stichwörter|kategorien?|themen|mots[- ]clés|étiquettes|thèmes|sur les thèmes"
    r"|etiquetas|temas|categorías?|palabras clave|categorias?|marcadores|argomenti|trefwoorden|tagi|теги|метки"
    r"|рубрики|etiketler|برچسب[‌ ]?ها|کلیدواژه[‌ ]?ها|الوسوم|كلمات مفتاحية|キーワード|标签|標籤|태그)\s*[:：]",
    r"(?:filed under|posted in)\b",
)
"""Under which words the site files the story."""

APPEAL = _any(
    r"(?:please )?(?:click (?:here )?to )?(?:(?:sign[ -]?up|subscribe|register|join|get|receive|enter your"
    r"|like (?:us|this|our|what|it)|don['’]t miss|start your (?:day|morning)|check out|for (?:more|the latest)"
    r"|if you (?:enjoyed|liked)|support|donate|help us|become a|download|listen|follow|find us"
    r"|stay (?:informed|updated|up[ -]to[ -]date|connected|in touch|tuned)"
    r"|share (?:this|it|our|your|on|via|with)|(?:got|have|do you have) an? (?:news |story )?(?:tip|story|idea|question)"
    r"|tell us|our (?:website|newsletter)|click here|log in|add us)(?![\w-])"
    r"|(?:bitte )?(?:jetzt (?:\w+ ){0,4}(?:abonnieren|anmelden|registrieren|sichern|herunterladen|unterstützen|spenden)"
    r"|abonnieren|folgen|registrieren|(?:melden|verpassen|bleiben|teilen|schreiben|möchten|wollen|unterstützen) sie"
    r"|hat ihnen .{0,20}(?:artikel|beitrag|text)|sie (?:wollen|möchten)|du (?:willst|möchtest)|unterstütze"
    r"|gefällt (?:ihnen|dir|euch))\b"
    r"|abonnez|inscrivez|recevez|suivez|retrouvez|partagez|rejoignez|vous (?:souhaitez|voulez)|téléchargez|soutenez"
    r"|suscr[ií]b|recib[ae]|sigue|síguenos|regístrate|apúntate|únete|descarga|comparte"
    r"|iscriviti|segui|ricevi|seguici|condividi|scarica|abbonati|assine|receba|siga|inscreva|compartilhe"
    r"|cadastre|clique|acompanhe"
    r"|schrijf je|meld je|volg|abonneer|prenumerera|följ|følg|abonner|tilaa|seuraa|zapisz|subskrybuj"
    r"|obserwuj|dołącz|polub|подпис|присоединя|следите|читайте нас|підпис|abone ol|takip et"
    r"|اشترك|تابع|انضم|عضو (?:شوید|کانال)|دنبال کنید|سبسکرائب|फॉलो|सब्सक्राइब|ikuti|dapatkan"
    r"|会員登録|無料(?:会員|登録)|購読|フォロー|关注|關注|订阅|訂閱|扫码|구독|팔로우)",
)
"""Speaks to the reader, as appeals do; on its own it proves nothing."""
CONTACT = _any(
    r"(?:you can )?(?:e-?mail|contact|write to|reach|escr[ií]b[ea]|schreiben sie|scrivi|écrivez"
    r"|пишите)\b.{0,60}@\w+"
)
"""Gives an address to write to."""
APPEAL_OBJECT = re.compile(
    r"\bin(?:to)? your (?:inbox|feeds?)\b|\b(?:follow|find|like|join|contact|email|reach|add|make) (?:us|me|him|her"
    r"|them|the author)\b|\bbreaking news\b.{0,80}\b(?:alerts?|inbox|app|sign|newsletters?)\b|\b(?:to comment"
    r"|(?:in|on) the comments|comment on this|letter to the editor|write to [\w.]+@)"
    r"|\b(?:listen|watch) (?:back|again|here)\b|\bwith a friend\b|\bnews tips?\b"
    r"|\b(?:share|bookmark) (?:it|this|your favou?rite)",
    re.IGNORECASE,
)
"""What only appeals ask for."""
APPEAL_NOUN = re.compile(
    r"\bnews ?letters?\b|\b(?:email|mailing) list\b|\bto (?:our|the) .{0,40}\b(?:channel|podcast|briefing|digest"
    r"|bulletin)\b|\bon (?:x|bluesky|threads|linkedin)\b|\bcomment(?:ing)? (?:policy|forum|section)"
    r"|\b(?:free trial|premium|subscribers? only|our (?:app|journalism|work|apps))\b"
    r"|\bwhats ?app|\btelegram|\binstagram\b|\bfacebook\b|\btwitter\b|\byoutube\b|google news|\bapp store\b"
    r"|\bnewslettery?\b|\bkommentar\w*\b|\bpodcast\b.{0,40}\babonn|\b(?:abo|abonnement|spende|mitglied)\b"
    r"|\b(?:boletín|boletines|infolettre|lettre d['’]info\w*|nieuwsbrief|nyhetsbrev|nyhedsbrev|biuletyn"
    r"|canal de|canale|suscriptor(?:es)?|suscribete|assinante|abonnés?|abbonat[io]|bülten)\b|рассылк|телеграм"
    r"|канал|خبرنامه|النشرة|قناة|کانال|ニュースレター|メルマガ|有料記事|公众号|뉴스레터",
    re.IGNORECASE,
)
"""What appeals ask for and stories speak of; it counts beside a link or the outlet's own voice."""
OWN_VOICE = re.compile(
    r"\bclick here\b|\b(?:us|our|we|me|my|uns|unser\w*|wir|mir|nous|notre|nos|nuestr[oa]s?|nostr[oaie]"
    r"|noi|noss[oa]s?|ons|onze|oss|vår[at]?"
    r"|vores|nasz\w*|nas|nami|нас|нам|наш\w*|biz\w*|kami|ما|نحن|\w{3,}نا|ہم|ہمارے|हम|हमारे|우리|저희)\b|我们|我們|本[报報站网網]|当社|弊社|私たち",
    re.IGNORECASE,
)
"""The first person, mostly plural: the outlet speaks; or words that only make sense as a link."""

DISCLOSURE = _any(
    r"(?:this (?:post|article|page|story) (?:may )?contains?|we (?:may )?(?:earn|receive|get)|if you (?:buy"
    r"|purchase|click)|buying through|when you (?:buy|purchase)|we independently (?:select|review)"
    r"|reviews and recommendations are|\w+ may (?:earn|receive)|products? (?:featured|are) .{0,40}independently"
    r"|anzeige\b|dieser (?:artikel|beitrag) (?:kann|enthält)|die mit (?:einem )?.{0,60}gekennzeichnet"
    r"|cet article contient)"
    r"(?=.*(?:affiliate|commission|compensation|independently|provision|partnerlinks?|affilié|advertisers?))",
)
"""Says what the outlet earns."""

COMMENTS = _any(
    r"(?:\d+ )?(?:comments?|kommentare?|commentaires?|comentarios?|commenti|comentários?|reacties|комментарии"
    r"|коментарі|yorumlar|نظرات|دیدگاه|التعليقات|تعليقات|コメント|评论|評論|댓글)(?: \(?\d+\)?)?\W*$",
    r"(?:leave|post|write|add) a (?:comment|reply)|join the (?:discussion|conversation)"
    r"|(?:kommentar|antwort) (?:abgeben|schreiben|verfassen|hinterlassen)|(?:laissez|laisser"
    r"|poster|ajouter) un commentaire|dej[ae](?:r)? un comentario|deixe (?:um|seu) comentário"
    r"|lascia un commento|оставить комментарий",
)
"""Opens or invites comments."""

ABOUT = _any(
    r"about (?:the (?:authors?|company|writer)|us\b)|(?:zum|zur|über den|über die) (?:autor|autorin|person"
    r"|unternehmen)\w*|(?:der|die) autor(?:in|en)?$|à propos de l|sobre (?:el autor|la autora|o autor)"
    r"|l['’]autore$|об авторе",
    r"(?:press|media) contacts?|(?:presse)?kontakt(?:e|daten)?\s*:?$|ansprechpartner(?:in)?\b"
    r"|notes? to editors?|pressekontakt|contact presse|contatti stampa|contacto de prensa|for (?:media"
    r"|press) (?:inquiries|enquiries)|(?:for )?more information(?: about)?\s*:?$",
)
"""Opens what a press release or a column says of its maker."""
