"""A web page to answer questions on, for one person at this computer.

Takes a desk (gives questions, takes answers) and a role; serves HTML on 127.0.0.1 until all is answered or Ctrl-C. The address
holds a token that works once and is then exchanged for a cookie; every form carries a token of its own. Refuses other hosts,
other origins, wrong tokens and large forms. Nothing is cached, logged or run as a script.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.errors import UserError
from matcher.review.answers import ANSWERS, REASONS, Answer, parse
from matcher.review.sides import Asked, day

HOST = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_COOKIE = "review"
_LARGEST_FORM = 4096  # bytes
_LAST_LOOK = 2.0  # seconds that the last page and its style may take to load before the server ends
_MOST_REFUSALS = 20  # that are told of in one session of the page
_IDLE = 30  # seconds after which a connection that says nothing is closed


class Desk(Protocol):
    """Where the page gets its questions, and hands answers in."""

    def questions(self) -> Sequence[Asked]: ...
    def answer(self, id: str, given: Answer) -> None: ...


class Page:
    """The server of the page. `address` is what to open; `run` serves until the end."""

    def __init__(
        self, desk: Desk, *, heading: str, marking: str, role: str, port: int = 0,
        on_refusal: Callable[[str], None] = lambda why: None,
    ) -> None:  # fmt: skip
        """`on_refusal` is handed a code for each of the first requests that were refused."""
        self.desk, self.heading, self.marking, self.role = desk, heading, marking, role
        self._on_refusal, self._refusals = on_refusal, 0
        self._once: str | None = secrets.token_urlsafe(32)
        self._session, self._form = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._templates = Environment(
            loader=PackageLoader("matcher.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._templates.filters["day"] = day
        try:
            self._server = _Server((HOST, port), self)
        except OSError as error:
            raise UserError(
                "The page cannot be served on that port.", todo="leave --port out: a free one is found"
            ) from error
        self.port = int(self._server.server_address[1])
        self.address = f"http://{HOST}:{self.port}/open/{self._once}"

    def run(self) -> None:
        """Serve until all is answered or Ctrl-C."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            pass
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End `run` from another thread."""
        self._server.shutdown()

    # -- what a request comes to -------------------------------------------------------------------------------------

    def enter(self, token: str) -> bool:
        """Whether the token of the address is right and was not used before."""
        with self._lock:
            right = self._once is not None and hmac.compare_digest(token.encode(), self._once.encode())
            if right:
                self._once = None
        return right

    def knows(self, cookie: str) -> bool:
        return hmac.compare_digest(cookie.encode(), self._session.encode())

    @property
    def session(self) -> str:
        return self._session

    def overview(self) -> str:
        questions = self.desk.questions()
        left = [one for one in questions if one.answer is None]
        return self._render("overview", questions=questions, left=left)

    def question(self, id: str, fault: str = "") -> str | None:
        """The page of one question; None where there is none of that id."""
        questions = self.desk.questions()
        place = next((n for n, one in enumerate(questions) if one.id == id), None)
        if place is None:
            return None
        following = questions[(place + 1) % len(questions)].id
        left = [one for one in questions if one.answer is None]
        return self._render(
            "question", one=questions[place], number=place + 1, questions=questions, left=left, following=following,
            answers=ANSWERS, reasons=REASONS, form=self._form, fault=fault,
        )  # fmt: skip

    def take(self, id: str, form: dict[str, str]) -> str:
        """Take an answer; gives where to go next. Raises UserError, and PermissionError for a wrong token."""
        if not hmac.compare_digest(form.get("token", "").encode(), self._form.encode()):
            raise PermissionError
        given = parse(form.get("answer", ""), self.role, form.get("reason", ""))
        with self._lock:
            before = self.desk.questions()
            self.desk.answer(id, given)
            after = self.desk.questions()
        place = next((n for n, one in enumerate(after) if one.id == id), 0)
        left = [one.id for one in (*after[place + 1 :], *after[:place]) if one.answer is None]
        if left:
            return f"/question/{left[0]}"
        return "/done" if any(one.answer is None for one in before) else "/"

    def done(self) -> str:
        """The last page where nothing is open any more; the server ends soon after."""
        questions = self.desk.questions()
        if any(one.answer is None for one in questions):
            return self.overview()
        timer = threading.Timer(_LAST_LOOK, self.stop)
        timer.daemon = True
        timer.start()
        return self._render("done", questions=questions, left=[])

    def tell_refusal(self, why: str) -> None:
        """Hand a refusal on; only so many, or whoever knocks could fill the disk."""
        with self._lock:
            self._refusals += 1
            told = self._refusals <= _MOST_REFUSALS
        if told:
            self._on_refusal(why)

    def refused(self, title: str, todo: str) -> str:
        return self._render("refused", title=title, todo=todo)

    def style(self) -> str:
        return self._templates.get_template("style.css").render()

    def _render(self, name: str, **values: Any) -> str:
        common = {"heading": self.heading, "marking": self.marking, "role": self.role}
        return self._templates.get_template(f"{name}.html.j2").render(common | values)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False  # on Windows it would let another process take the port over

    def __init__(self, address: tuple[str, int], page: Page) -> None:
        self.page = page
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a traceback could hold a value. The browser sees that the connection ended."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "matcher", ""
    timeout = _IDLE

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: addresses hold the token."""

    def do_GET(self) -> None:
        page, path = self.server.page, urlsplit(self.path).path
        if not self._is_ours():
            return
        if path.startswith("/open/"):
            if page.enter(path.removeprefix("/open/")):
                self._go("/", cookie=page.session)
            else:
                self._refuse("wrong_token")
        elif not self._is_known():
            self._refuse("no_session")
        elif path == "/style.css":
            self._send(HTTPStatus.OK, page.style(), "text/css")
        elif path == "/":
            self._send(HTTPStatus.OK, page.overview())
        elif path == "/done":
            self._send(HTTPStatus.OK, page.done())
        elif path.startswith("/question/") and (found := page.question(path.removeprefix("/question/"))):
            self._send(HTTPStatus.OK, found)
        else:
            self._send(HTTPStatus.NOT_FOUND, page.refused("There is no such page.", "Go back to the list."))

    def do_POST(self) -> None:
        page, path = self.server.page, urlsplit(self.path).path
        if not self._is_ours():
            return
        origin = self.headers.get("Origin")
        if not self._is_known():
            self._refuse("no_session")
            return
        if origin not in (None, f"http://{HOST}:{page.port}"):
            self._refuse("other_host")
            return
        size = self.headers.get("Content-Length", "")
        if not size.isascii() or not size.isdigit() or int(size) > _LARGEST_FORM:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, page.refused("That form is too large.", "Go back."))
            return
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace")).items()}
        id = path.removeprefix("/question/")
        if not path.startswith("/question/") or page.question(id) is None:
            self._send(HTTPStatus.NOT_FOUND, page.refused("There is no such question.", "Go back to the list."))
            return
        try:
            self._go(page.take(id, form))
        except PermissionError:
            self._refuse("wrong_form")
        except UserError as error:
            told = " ".join(filter(None, (error.title, " ".join(error.where.split()), f"To do: {error.todo}.")))
            self._send(HTTPStatus.CONFLICT, page.question(id, told) or page.refused(error.title, error.todo))

    def _is_ours(self) -> bool:
        """Only requests that name this very host and port: another name that leads here is somebody else's page."""
        if self.headers.get("Host") == f"{HOST}:{self.server.page.port}":
            return True
        self._refuse("other_host")
        return False

    def _is_known(self) -> bool:
        try:
            cookies = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return False
        return _COOKIE in cookies and self.server.page.knows(cookies[_COOKIE].value)

    def _refuse(self, why: str) -> None:
        self.close_connection = True
        page = self.server.page
        page.tell_refusal(why)
        todo = "Open the address that the command printed. It works once: for another browser, start the command again."
        self._send(HTTPStatus.FORBIDDEN, page.refused("This page is not for everybody.", todo))

    def _go(self, where: str, *, cookie: str | None = None) -> None:
        self._send(HTTPStatus.SEE_OTHER, "", extra={"Location": where}, cookie=cookie)

    def _send(
        self, status: HTTPStatus, body: str, kind: str = "text/html", *, extra: dict[str, str] | None = None,
        cookie: str | None = None,
    ) -> None:  # fmt: skip
        content = body.encode("utf-8")
        self.send_response(status)
        for name, value in (HEADERS | (extra or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if cookie is not None:
            self.send_header("Set-Cookie", f"{_COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict")
        self.end_headers()
        self.wfile.write(content)
