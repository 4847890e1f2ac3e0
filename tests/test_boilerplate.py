"""Lines of a body that are no part of its story, and the same words where they are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.boilerplate import MIN_KEPT, drop_boilerplate

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
    assert sum(map(len, kept)) >= MIN_KEPT * sum(map(len, lines))
