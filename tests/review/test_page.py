"""The web page: who gets in, what a form does, when it ends."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import pytest

from matcher.errors import UserError
from matcher.review import page as module
from matcher.review.answers import Answer
from matcher.review.page import Page
from matcher.review.sides import Asked
from tests.review.made_up import ALL, LEFT, LINK, OTHER_LINK, RIGHT


@dataclass
class Desk:
    asked: list[Asked] = field(default_factory=lambda: [LINK, OTHER_LINK])
    broken: bool = False

    def questions(self) -> list[Asked]:
        return self.asked

    def answer(self, id: str, given: Answer) -> None:
        if self.broken:
            raise UserError("The batch has expired.", todo="run the month again")
        self.asked = [
            replace(one, answer=given.given, by=given.by, reason=given.reason) if one.id == id else one for one in self.asked
        ]  # fmt: skip


@dataclass
class Browser:
    page: Page
    thread: threading.Thread
    desk: Desk
    cookie: str = ""

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=10)
        body = urlencode(form) if form is not None else None
        sent = {"Cookie": self.cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def enter(self) -> http.client.HTTPResponse:
        answer = self.ask("GET", self.page.address.partition(str(self.page.port))[2])
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def token(self, path: str) -> str:
        text: str = self.ask("GET", path).text  # type: ignore[attr-defined]
        return text.partition('name="token" value="')[2].partition('"')[0]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setattr(module, "_LAST_LOOK", 0.1)
    desk = Desk()
    page = Page(desk, heading="Batch", marking="MARKED", role="panel")
    thread = threading.Thread(target=page.run, daemon=True)
    thread.start()
    yield Browser(page, thread, desk)
    if thread.is_alive():
        page.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_the_address_works_once_and_gives_a_cookie(browser: Browser) -> None:
    first = browser.enter()
    assert (
        first.status == 303
        and "HttpOnly" in first.headers["Set-Cookie"]
        and "SameSite=Strict" in first.headers["Set-Cookie"]
    )
    cookie = browser.cookie
    assert browser.enter().status == 403
    browser.cookie = cookie
    assert LINK.id in browser.ask("GET", "/").text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", ["/", "/question/Q-AAAAAAAA", "/done", "/style.css", "/open/", "/open/wrong", "/open/\xe9"]
)
def test_nobody_gets_in_without_the_token(browser: Browser, path: str) -> None:
    browser.cookie = "review=wrong"
    answer = browser.ask("GET", path.replace("\xe9", "%C3%A9"))
    assert answer.status == 403 and LEFT.name not in answer.text  # type: ignore[attr-defined]


def test_every_answer_is_kept_out_of_caches_and_runs_no_script(browser: Browser) -> None:
    browser.enter()
    for path in ("/", f"/question/{LINK.id}", "/style.css", "/nothing"):
        answer = browser.ask("GET", path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "<script" not in answer.text and "style=" not in answer.text  # type: ignore[attr-defined]


def test_another_host_name_and_another_origin_are_refused(browser: Browser) -> None:
    browser.enter()
    assert browser.ask("GET", "/", Host="evil.example").status == 403
    form = {"token": browser.token(f"/question/{LINK.id}"), "answer": "yes", "reason": "twins"}
    assert browser.ask("POST", f"/question/{LINK.id}", form, Origin="http://evil.example").status == 403
    assert browser.desk.asked[0].answer is None


def test_a_form_needs_its_token(browser: Browser) -> None:
    browser.enter()
    for token in ("", "wrong", "\xe9"):
        form = {"token": token, "answer": "yes", "reason": "twins"}
        assert browser.ask("POST", f"/question/{LINK.id}", form).status == 403
    assert browser.desk.asked[0].answer is None


def test_a_large_form_and_unknown_pages_are_refused(browser: Browser) -> None:
    browser.enter()
    assert browser.ask("POST", f"/question/{LINK.id}", {"token": "x" * 5000}).status == 413
    assert browser.ask("POST", "/question/Q-ZZZZZZZZ", {"token": "x"}).status == 404
    assert browser.ask("POST", "/", {"token": "x"}).status == 404
    assert browser.ask("GET", "/question/Q-ZZZZZZZZ").status == 404


def test_answers_lead_on_and_the_server_ends_when_all_is_answered(browser: Browser) -> None:
    browser.enter()
    form = {"token": browser.token(f"/question/{OTHER_LINK.id}"), "answer": "no", "reason": "twins"}
    origin = f"http://127.0.0.1:{browser.page.port}"
    first = browser.ask("POST", f"/question/{OTHER_LINK.id}", form, Origin=origin)
    assert first.status == 303 and first.headers["Location"] == f"/question/{LINK.id}"
    assert browser.desk.asked[1].by == "panel"
    last = browser.ask("POST", f"/question/{LINK.id}", {**form, "answer": "defer"})
    assert last.headers["Location"] == "/done"
    assert "All questions are answered" in browser.ask("GET", "/done").text  # type: ignore[attr-defined]
    browser.thread.join(5)
    assert not browser.thread.is_alive()


def test_done_too_early_ends_nothing(browser: Browser) -> None:
    browser.enter()
    assert "Open questions" in browser.ask("GET", "/done").text  # type: ignore[attr-defined]
    time.sleep(0.3)
    assert browser.thread.is_alive()


def test_faults_are_told_on_the_page(browser: Browser) -> None:
    browser.enter()
    form = {"token": browser.token(f"/question/{LINK.id}"), "answer": "yes", "reason": ""}
    answer = browser.ask("POST", f"/question/{LINK.id}", form)
    assert answer.status == 409 and "reason is empty" in answer.text  # type: ignore[attr-defined]
    browser.desk.broken = True
    answer = browser.ask("POST", f"/question/{LINK.id}", {**form, "reason": "twins"})
    assert answer.status == 409 and "The batch has expired." in answer.text  # type: ignore[attr-defined]


def test_names_are_shown_as_text(browser: Browser) -> None:
    browser.enter()
    hostile = replace(RIGHT, name="<img src=x onerror=alert(1)>")
    browser.desk.asked = [replace(LINK, right=hostile), *ALL[1:]]
    text = browser.ask("GET", f"/question/{LINK.id}").text  # type: ignore[attr-defined]
    assert "<img" not in text and "&lt;img src=x" in text and "different" in text
    assert "A child is on a plan." in browser.ask("GET", f"/question/{ALL[2].id}").text  # type: ignore[attr-defined]


def test_a_taken_port_is_told(browser: Browser) -> None:
    with pytest.raises(UserError, match="cannot be served on that port"):
        Page(Desk(), heading="", marking="", role="panel", port=browser.page.port)


def test_refused_requests_are_told_by_a_code_and_only_so_many() -> None:
    told: list[str] = []
    page = Page(Desk(), heading="Batch", marking="MARKED", role="panel", on_refusal=told.append)
    thread = threading.Thread(target=page.run, daemon=True)
    thread.start()
    stranger = Browser(page, thread, Desk())
    known = Browser(page, thread, Desk())
    known.enter()
    stranger.ask("GET", "/open/wrong")
    stranger.ask("GET", "/")
    stranger.ask("GET", "/", Host="elsewhere")
    known.ask("POST", f"/question/{LINK.id}", {"answer": "yes", "reason": "twins"}, Origin="http://elsewhere")
    known.ask("POST", f"/question/{LINK.id}", {"answer": "yes", "reason": "twins", "token": "wrong"})
    assert told == ["wrong_token", "no_session", "other_host", "other_host", "wrong_form"]
    for _ in range(40):
        stranger.ask("GET", "/")
    assert len(told) == 20, "whoever knocks cannot fill the log"
    page.stop()
    thread.join(5)
