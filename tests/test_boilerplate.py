"""Lines of a body that are no part of its story, and the same words where they are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from pipelines.boilerplate import MIN_KEPT, drop_boilerplate
from pipelines.line_length import estimate_words
from pipelines.setting import Setting

HEADLINE = "The old bridge is mended before winter"
STORY = [
    "The council met on Monday and agreed to mend the old bridge before the first frost reaches the valley.",
    "Nobody spoke against the plan, though two members asked who would pay for the stones and for the masons.",
    "The masons want to begin in October, when the river is low and the road to the quarry is still dry.",
    "A second bridge, further down, was lost in the flood of the spring and will not be built again, she said.",
    "For the farmers on the far bank the way to the market has since been longer by an hour and a half.",
    "The mayor promised them a ferry last year; it has not been seen, and nobody remembers who was to row it.",
    "Work on the first arch is to be done by Christmas, if the weather holds and the quarry keeps its word.",
]


def drop(lines: list[str], authors: tuple[str, ...] = ("Ada Miller",)) -> list[str]:
    return drop_boilerplate(lines, (HEADLINE,), authors)


@pytest.mark.parametrize(
    "line",
    [
        "By Ada Miller",
        "Von Ada Miller, Talstadt",
        "Ada Miller",
        "4 min read",
        "Lesedauer: 3 Minuten",
        "Tempo de leitura: 2 minutos",
        "Published 3 March 2024, 10:15",
        "Stand: 03.03.2024, 10:15 Uhr",
        "12. März 2024",
        "2024年3月12日",
        "Valley news: The old bridge is mended before winter",
        "Ada Miller is a reporter for the valley and has lived by the river since she was a child.",
        "https://valley.example/town/old-bridge",
        "We may earn a commission when you buy through links on this page, at no cost to you: affiliate links.",
        "Photo: Ben Stone",
    ],
)
def test_opening(line: str) -> None:
    assert drop([line, *STORY]) == STORY


@pytest.mark.parametrize(
    "line",
    [
        "ada.miller@valley.example",
        "Write to Ada Miller at ada@valley.example",
        "Ada Miller writes about rivers and bridges. Her book on fords appeared last year.",
        "Sign up for our newsletter and get the best of the valley every morning.",
        "Abonnieren Sie unseren Newsletter für alle Nachrichten aus dem Tal.",
        "Suscríbete a nuestro boletín para no perderte nada.",
        "Listen to the valley live on weekdays - or listen back here.",
        "Follow us on Facebook and Instagram for more.",
        "Подписывайтесь на наш канал в Телеграм",
        "Additional reporting by Carl Stone in Upper Valley",
        "Carl Stone in Upper Valley contributed to this report.",
        "With files from the Valley Press",
        "© 2024 Valley Press",
        "Copyright 2024 Valley Press. All rights reserved.",
        "無断転載を禁じます",
        "Filed under: Bridges",
        "Schlagworte: Brücken, Tal",
        "3 Comments",
        "コメント",
        "dpa/apa",
    ],
)
def test_closing(line: str) -> None:
    assert drop([*STORY, line]) == STORY


@pytest.mark.parametrize(
    "line",
    [
        "Read more: Why the ferry never came",
        "Also read: Why the ferry never came",
        "RELATED: The flood of the spring in pictures",
        "Lesen Sie auch: Warum die Fähre nie kam",
        "Lire aussi : Pourquoi le bac n'est jamais venu",
        "Lee también: Por qué nunca llegó la barca",
        "Leggi anche: Perché il traghetto non è mai arrivato",
        "Leia também: Por que a balsa nunca veio",
        "Lees ook: Waarom de pont nooit kwam",
        "Les også: Hvorfor fergen aldri kom",
        "Läs också: Därför kom färjan aldrig",
        "Czytaj też: Dlaczego prom nigdy nie przypłynął",
        "Читайте также: Почему паром так и не пришёл",
        "بیشتر بخوانید: چرا قایق هرگز نیامد",
        "اقرأ أيضا: لماذا لم تأت العبارة",
        "関連記事：渡し船はなぜ来なかったのか",
        "相关阅读：渡船为何没有来",
        "Foto: Ben Stone/Valley Press",
        "Photo by Ben Stone",
        "(Photo: Ben Stone)",
    ],
)
@pytest.mark.parametrize("place", [1, 4])
def test_amid(line: str, place: int) -> None:
    assert drop([*STORY[:place], line, *STORY[place:]]) == STORY


@pytest.mark.parametrize(
    "rest",
    [
        ["Related articles", "A ferry at last", "The quarry reopens"],
        ["You may also like", "A ferry at last"],
        ["Comments", "Well done!", "About time."],
        ["About the author", "She grew up by the river."],
        ["Mehr zum Thema", "Eine Fähre, endlich"],
        ["Pressekontakt", "Talstadt, Brückenweg 1, Telefon 123456"],
        ["関連記事", "渡し船、ついに"],
    ],
)
def test_rest_of_the_page(rest: list[str]) -> None:
    assert drop([*STORY, *rest]) == STORY


def test_several_closing_lines() -> None:
    closing = ["Carl Stone contributed to this report.", "Follow us on Facebook.", "Tags: bridges, valley"]
    assert drop([*STORY, *closing]) == STORY


@pytest.mark.parametrize(
    "line",
    [
        "Readers who subscribe to the newsletter of the council learned of it first, the mayor admitted on Tuesday.",
        "Follow-up checks of the arch on Facebook photographs by residents showed three further cracks in the stone.",
        "Related costs, such as the ferry, are not part of the sum that was named by the council in its own report.",
        "More from the quarry is not to be had this year, said the foreman, whose men have left for the coast.",
        "By Monday the masons had found twelve stones that will have to be cut again before the arch can be closed.",
        "Photographs of the flood hang in the town hall, where the council met, as they have since the spring.",
        "Comments from the quarry were not to be had.",
        "Copyright in the plans belongs to the county, which is why the council could not show them to the farmers.",
        "Read the old plans carefully, the engineer told them, and you will see that there never was a third arch.",
    ],
)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_sentences_stay(line: str, place: int) -> None:
    lines = [*STORY[:place], line, *STORY[place:]]
    assert drop(lines) == lines


@pytest.mark.parametrize(
    "lines",
    [
        # a poem
        ["The river rose,", "the river fell,", "and what it chose", "no stone will tell."],
        # a recipe
        ["200 g flour", "2 eggs", "1 pinch of salt", "Mix the flour and the eggs.", "Bake for 20 minutes."],
        # an interview
        ["Who pays?", "We do.", "And the ferry?", "Ask the mayor.", "Did you?", "Twice.", "And?", "He laughed."],
        # very short
        ["The bridge is open again."],
        # a list
        ["- First arch: October", "- Second arch: November", "- Road: spring"],
        # right to left, and without spaces between words
        ["شورای شهر روز دوشنبه تصمیم گرفت پل کهنه را پیش از زمستان بازسازی کند.", "هیچ کس مخالفت نکرد."],
        ["市議会は月曜日、古い橋を冬までに直すことを決めた。", "反対した議員はいなかった。"],
    ],
)
def test_other_forms_stay(lines: list[str]) -> None:
    assert drop(lines) == lines


@pytest.mark.parametrize("kicker", ["Talstadt", "New Harbour", "World", "Stadt der Brücken", "Los Prados", "北京"])
def test_a_kicker_opens_a_page(kicker: str) -> None:
    opening = "市议会周一开会，同意在山谷第一次霜冻之前修好旧桥，无人反对该计划，但有两名议员询问费用。"
    story = [opening, *STORY] if kicker == "北京" else STORY
    assert drop([kicker, *story]) == story
    assert drop([story[0], kicker, *story[1:]]) == story


@pytest.mark.parametrize(
    "lines",
    [
        [*STORY[:3], "The ferry", *STORY[3:]],
        ["“Why now?”", *STORY],
        ["Why now?", *STORY],
        ["What it costs:", *STORY],
        ["A bridge and its masons", *STORY],
        ["- Stones", *STORY],
        ["Winners", "Ada Miller's raft", "The far bank", *STORY],
        ["Talstadt"],
    ],
)
def test_few_words_elsewhere_stay(lines: list[str]) -> None:
    assert drop(lines, authors=()) == lines


@pytest.mark.parametrize(
    ("furniture", "story"),
    [
        ("Published 3 March 2019", "Published in 2019, the book sold better than all that he had written before."),
        ("Last updated 3 March 2019, 10:15", "Last updated in 2019, the plans still show the third arch."),
        ("Publié le 3 mars 2019", "Publié en 2019, le plan montre encore la troisième arche."),
        ("By Ada Miller, Talstadt", "By Ada Miller's count the bridge has eleven arches, not twelve."),
        ("Reading time: 4 minutes", "Reading time was short for the members, who had the plans for one night."),
    ],
)
def test_at_the_head_a_label_goes_and_a_sentence_stays(furniture: str, story: str) -> None:
    assert drop([furniture, story, *STORY]) == [story, *STORY]


@pytest.mark.parametrize(
    ("furniture", "story"),
    [
        ("Photo: Ben Stone", "Photo: what hung in the hall was older than the hall itself, the mason said."),
        ("Video: Carl Stone, Valley Press", "Video: what the drone saw that day"),
        ("Picture: Valley Archive/Ben Stone", "Picture: a boy on a pier, a dog, a storm."),
        ("Related: The flood of the spring in pictures", "Related: that was what the engineer called the two floods."),
        ("Read more: Why the ferry never came", "Read more: that was all the advice which the engineer had for them."),
    ],
)
@pytest.mark.parametrize("place", [2, 4, 9])
def test_anywhere_names_and_headlines_go_and_sentences_stay(furniture: str, story: str, place: int) -> None:
    lines = [*STORY[:3], story, *STORY[3:]]
    assert drop([*lines[:place], furniture, *lines[place:]]) == lines


@pytest.mark.parametrize(
    ("furniture", "story"),
    [
        ("Follow us on Twitter and Facebook.", "Follow the mayor on Twitter, the sign at the hall used to say."),
        ("Join our channel on Telegram.", "Join Telegram and leave the council, her brother had told her in May."),
        ("Sign up for our newsletter.", "Sign up was all it took to get the newsletter of the quarry."),
        ("Share this story with a friend.", "“Share this with a friend,” said the paper that was found in the boat."),
        ("Listen to the podcast on our app.", "Listen to the podcast of the masons and you hear a kettle."),
        ("Write to me at ada@valley.example", "Write to me at ada@valley.example, the ferryman had told the council."),
        ("Carl Stone contributed to this report.", "Five men contributed to this report, which the mayor never read."),
        ("All rights reserved.", "All rights reserved, it says on the plans, and nobody knows for whom."),
        ("Source: Valley Press", "Source: Valley Press was all that stood below the pictures for forty years."),
        ("Tags: bridges, ferries", "Tags: that is what the librarians call the slips of red paper."),
    ],
)
def test_at_the_end_the_outlet_goes_and_what_is_told_stays(furniture: str, story: str) -> None:
    assert drop([*STORY, story, furniture]) == [*STORY, story]


def test_an_author_whom_the_story_tells_of_has_no_biography() -> None:
    life = "Ada Miller, who built the first bridge, has died at the age of ninety."
    more = "Nobody in the valley built as many as Ada Miller, and nobody was paid as late."
    assert drop([life, *STORY[:2], more, *STORY[2:]]) == [life, *STORY[:2], more, *STORY[2:]]
    assert drop([life, *STORY]) == STORY


def test_dates_all_through_a_body_are_a_calendar() -> None:
    calendar = [line for day, text in enumerate(STORY, 3) for line in (f"{day} May 2024, 19:00", text)]
    assert drop([*calendar, "11 May 2024"]) == [*calendar, "11 May 2024"]
    days = [f"{day} May 2024 - The ferry plays" for day in range(3, 9)]
    assert drop([*days, *STORY]) == [*days, *STORY]
    assert drop(["3 May 2024", "4 May 2024, 10:15", *STORY, "4 May 2024"]) == STORY


def test_who_speaks_in_a_talk_stays() -> None:
    talk = [line for text in STORY for line in ("Ada Miller", text)]
    assert drop(talk) == talk
    assert drop(["Ada Miller", *STORY]) == STORY


def read_setting(*parts: str) -> Setting:
    return Setting(document_fromstring(f"<html><body><article>{''.join(parts)}</article></body></html>"))


PAGE = [f"<p>{line}</p>" for line in STORY]


@pytest.mark.parametrize("label", ["More on the ferry", "Related costs", "Más noticias que lectores", "Comments"])
@pytest.mark.parametrize("place", [3, 6])
def test_a_subheading_right_above_its_text_stays(label: str, place: int) -> None:
    lines = [*STORY[:place], label, *STORY[place:]]
    page = [*PAGE[:place], f"<h2>{label}</h2>", *PAGE[place:]]
    assert drop_boilerplate(lines, (HEADLINE,), (), read_setting(*page)) == lines


@pytest.mark.parametrize("box", ["<ul><li><a href='/f'>Why the ferry never came</a></li></ul>", "<p>Loading</p>"])
def test_the_heading_of_a_box_goes(box: str) -> None:
    lines = [*STORY[:3], "More on the ferry", *STORY[3:]]
    page = [*PAGE[:3], "<h2>More on the ferry</h2>", box, *PAGE[3:]]
    assert drop_boilerplate(lines, (HEADLINE,), (), read_setting(*page)) == STORY


def test_a_list_of_headlines_below_its_heading_goes() -> None:
    rest = ["More on the bridge", "A ferry at last", "The quarry reopens"]
    page = [*PAGE, f"<h2>{rest[0]}</h2>", *(f"<p>{line}</p>" for line in rest[1:])]
    assert drop_boilerplate([*STORY, *rest], (HEADLINE,), (), read_setting(*page)) == STORY


def test_a_link_tells_an_appeal_that_speaks_for_nobody() -> None:
    line = "Follow the Valley Press on Instagram, Facebook and YouTube."
    linked = '<p>Follow the Valley Press on <a href="/i">Instagram</a>, <a href="/f">Facebook</a> and YouTube.</p>'
    assert drop_boilerplate([*STORY, line], (HEADLINE,), (), read_setting(*PAGE, linked)) == STORY
    plain = f"<p>{line}</p>"
    assert drop_boilerplate([*STORY, line], (HEADLINE,), (), read_setting(*PAGE, plain)) == [*STORY, line]


WIDE_STORY = [
    f"市议会第{number}次开会，讨论了在冬天到来之前修复山谷大桥的问题，并听取了居民的意见，会议持续了{number}小时。"
    for number in range(1, 10)
]


@pytest.mark.parametrize(
    "line",
    [
        "12 March 2011 was the day the river came over the wall.",
        "14:30 The ferryman has resigned",
        "10:15 Uhr: Die Brücke wird geräumt",
        "Share prices of Facebook fell on Monday, and with them the hopes of the ferry.",
        "Like many ferrymen of his age he gave notice on Twitter, not in the chamber.",
        "Jetzt hat Facebook auf die Vorwürfe der Fährleute reagiert.",
        "Todos los derechos de los barqueros están en peligro, dijo la alcaldesa.",
        "This article was amended on 3 May 2024 to correct the name of the bridge.",
    ],
)
def test_a_sentence_that_opens_like_boilerplate_stays_at_both_ends(line: str) -> None:
    assert drop([line, *STORY], authors=()) == [line, *STORY]
    assert drop([*STORY, line], authors=()) == [*STORY, line]


@pytest.mark.parametrize(
    "line",
    [
        "2024年5月3日，市议会通过了修建新桥的决定。",
        "相关报道称，桥梁将在明年春天完工，费用由国家承担。",
        "版权保护中心的专家表示，新的法律将在明年生效。",
    ],
)
def test_a_sentence_without_spaces_is_no_label(line: str) -> None:
    for position in (0, 5, 8, 9):
        lines = [*WIDE_STORY[:position], line, *WIDE_STORY[position:]]
        assert drop(lines, authors=()) == lines


@pytest.mark.parametrize(
    "line", ["2024年5月3日", "Mar 20, 2005.", "14:30", "14:30 Uhr, 3. Mai 2024", "10:30 a.m. | 3 May 2024"]
)
def test_a_date_of_the_page_goes(line: str) -> None:
    assert drop([line, *STORY], authors=()) == STORY


@pytest.mark.parametrize("fill", [".", "-", "_", "a.", "1:", "@"])
def test_one_endless_word_costs_little(fill: str) -> None:
    lines = [*STORY, fill * 60_000 + "a", *STORY]
    started = time.process_time()
    assert drop(lines, authors=())
    assert time.process_time() - started < 10


def test_a_sentence_that_says_most_in_is_no_pointer() -> None:
    lines = [*STORY[:3], "Most in the room agreed: the bridge had to be mended before the winter.", *STORY[3:]]
    assert drop(lines, authors=()) == lines


def test_an_author_in_the_middle_of_the_story_stays() -> None:
    lines = [*STORY, *STORY[:3], "Ada Miller was the first to cross the bridge, and the last to be asked.", *STORY]
    assert drop(lines) == lines


def test_a_story_about_newsletters_stays() -> None:
    lines = [
        "Newsletters are back, and the post office has noticed.",
        *STORY,
        "The newsletter of the valley is printed.",
    ]
    assert drop(lines) == lines


def test_a_line_of_symbols_between_scenes_stays() -> None:
    lines = [*STORY[:3], "* * *", *STORY[3:]]
    assert drop(lines) == lines


def test_a_page_of_nothing_else_is_left_alone() -> None:
    lines = ["Sign up for our newsletter", "Follow us on Facebook", "Read more: The bridge"]
    assert drop(lines) == lines


def test_no_lines() -> None:
    assert drop([]) == []


LINES = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip())),
        st.sampled_from(["Read more: x", "By Ada Miller", "Comments", "Related articles", "Photo: y", *STORY]),
    ),
    max_size=25,
)


@given(LINES)
def test_what_is_left_is_in_order_and_most_of_it(lines: list[str]) -> None:
    kept = drop(lines)
    rest = iter(lines)
    assert all(line in rest for line in kept)
    assert sum(map(estimate_words, kept)) >= MIN_KEPT * sum(map(estimate_words, lines))
