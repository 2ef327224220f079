"""The checker of fault tests can fail: each way to doctor what is right makes it say so, and nothing else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.chaos.checker import Evidence, Kept, Public, broken
from tests.chaos.ledger import Attempt, Ledger, Liking, Outcome

DAY, NEXT_DAY = date(2026, 11, 22), date(2026, 11, 23)
USERS, TRACK = ("nina", "otto"), "tune"


def right() -> Evidence:
    """Twelve plays: acknowledged, refused, unknown and kept, unknown and gone; two days, two listeners, one like."""
    attempts, kept = [], []
    for number in range(12):
        outcome = (Outcome.OK, Outcome.OK, Outcome.OK, Outcome.UNKNOWN)[number % 4]
        attempt = Attempt(f"key-{number}", USERS[number % 2], TRACK, outcome)
        attempts.append(attempt)
        if number == 11:
            continue
        kept.append(Kept(f"play-{number}", attempt.user_id, TRACK, NEXT_DAY if number > 8 else DAY, attempt.key))
        if outcome is Outcome.OK:
            attempt.play_ids.add(f"play-{number}")
    return Evidence(
        Ledger(attempts, [Liking("nina", TRACK, is_liked=True), Liking("otto", TRACK)]),
        kept=kept,
        counted=[replace(play, key="") for play in kept],
        by_day=Counter((play.track_id, play.day) for play in kept),
        by_track={TRACK: 11},
        by_listener=Counter((play.track_id, play.user_id) for play in kept),
        kept_likes={("nina", TRACK)},
        counted_likes={("nina", TRACK)},
        likes_by_track={TRACK: 1},
        public={TRACK: Public(11, 2, 11, 1)},
        waiting={"audience": 0},
        poison={("plays", 0, 7)},
        dead={("plays", 0, 7)},
    )


def lose_an_acknowledged_play(e: Evidence) -> None:
    del e.kept[0], e.counted[0]
    e.by_day = Counter((p.track_id, p.day) for p in e.kept)
    e.by_listener = Counter((p.track_id, p.user_id) for p in e.kept)
    e.by_track, e.public = {TRACK: 10}, {TRACK: Public(10, 2, 10, 1)}


def count_a_play_twice(e: Evidence) -> None:
    e.counted.append(e.counted[0])


def keep_a_key_twice(e: Evidence) -> None:
    e.kept.append(replace(e.kept[0], id="again"))


def keep_what_nobody_sent(e: Evidence) -> None:
    e.kept[3] = replace(e.kept[3], key="a stranger's")


def keep_what_was_refused(e: Evidence) -> None:
    e.ledger.attempts[3].outcome = Outcome.FAILED


def answer_a_repeat_as_another_play(e: Evidence) -> None:
    e.ledger.attempts[0].play_ids.add("another")


def answer_an_id_that_is_not_kept(e: Evidence) -> None:
    e.ledger.attempts[0].play_ids = {"another"}


def leave_a_play_uncounted(e: Evidence) -> None:
    e.counted.pop()


def count_what_is_not_kept(e: Evidence) -> None:
    e.counted.append(Kept("ghost", "nina", TRACK, DAY))


def count_for_another_listener(e: Evidence) -> None:
    e.counted[0] = replace(e.counted[0], user_id="mallory")


def count_on_another_day(e: Evidence) -> None:
    e.by_day = {(TRACK, DAY): 10, (TRACK, NEXT_DAY): 1}


def count_a_day_of_another_track(e: Evidence) -> None:
    e.by_day = {**e.by_day, ("other", DAY): 1}


def sum_a_track_wrongly(e: Evidence) -> None:
    e.by_track = {TRACK: 12}


def sum_a_listener_wrongly(e: Evidence) -> None:
    e.by_listener = {**e.by_listener, (TRACK, "nina"): 1}


def forget_a_like(e: Evidence) -> None:
    e.kept_likes, e.counted_likes, e.likes_by_track = set(), set(), {}
    e.public = {TRACK: Public(11, 2, 11, 0)}


def count_likes_wrongly(e: Evidence) -> None:
    e.likes_by_track = {TRACK: 2}


def lose_a_like_on_the_way(e: Evidence) -> None:
    e.counted_likes = set()


def show_another_play_count(e: Evidence) -> None:
    e.public = {TRACK: Public(11, 2, 12, 1)}


def show_other_stats(e: Evidence) -> None:
    e.public = {TRACK: Public(10, 2, 11, 1)}


def leave_an_event_in_the_outbox(e: Evidence) -> None:
    e.waiting = {"audience": 1}


def lose_a_malformed_record(e: Evidence) -> None:
    e.dead = set()


def set_a_good_record_aside(e: Evidence) -> None:
    e.dead = e.dead | {("plays", 1, 1)}


def refuse_a_good_play(e: Evidence) -> None:
    e.ledger.attempts[11].outcome = Outcome.FAILED


@pytest.mark.parametrize(
    ("doctor", "said"),
    [
        (lose_an_acknowledged_play, "acknowledged plays are not kept: key-0"),
        (count_a_play_twice, "ids are counted twice: play-0"),
        (keep_a_key_twice, "keys are kept more than once: key-0"),
        (keep_what_nobody_sent, "plays are kept that nobody sent"),
        (keep_what_was_refused, "plays were refused and are kept: key-3"),
        (answer_a_repeat_as_another_play, "keys answered as several plays: key-0"),
        (answer_an_id_that_is_not_kept, "plays are kept under another id than answered: key-0"),
        (leave_a_play_uncounted, "kept plays are not counted: play-10"),
        (count_what_is_not_kept, "counted plays are not kept: ghost"),
        (count_for_another_listener, "kept plays are not counted: play-0"),
        (count_on_another_day, "sums by track and day are not those of the rows"),
        (count_a_day_of_another_track, "sums by track and day are not those of the rows"),
        (sum_a_track_wrongly, "sums by track are not those of the rows: tune: 12 of 11"),
        (sum_a_listener_wrongly, "sums by listener are not those of the rows"),
        (forget_a_like, "likes are not as they were answered: nina tune"),
        (count_likes_wrongly, "sums of likes are not those of the rows: tune: 2 of 1"),
        (lose_a_like_on_the_way, "likes differ between audience and insights"),
        (show_another_play_count, "track tune shows"),
        (show_other_stats, "track tune shows"),
        (leave_an_event_in_the_outbox, "1 events wait in the outbox of audience"),
        (lose_a_malformed_record, "malformed records are no dead letters"),
        (set_a_good_record_aside, "dead letters are not from poison"),
        (refuse_a_good_play, "plays were refused: key-11"),
    ],
    ids=lambda it: it.__name__ if callable(it) else "",
)
def test_says_what_is_broken(doctor: Callable[[Evidence], None], said: str) -> None:
    evidence = right()
    doctor(evidence)
    assert any(said in sentence for sentence in broken(evidence)), broken(evidence)


def test_says_nothing_of_what_is_right() -> None:
    assert broken(right()) == []


def test_a_like_that_was_never_answered_may_stand_or_not() -> None:
    evidence = right()
    evidence.ledger.likings[1] = Liking("otto", TRACK, is_liked=True, is_certain=False)
    assert broken(evidence) == []
