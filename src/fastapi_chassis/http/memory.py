"""InMemorySender: the memory twin of the HTTP sender, whose answers are given beforehand."""

import asyncio
import json as json_module
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.http.message import HttpRequest, HttpResponse

type Answer = HttpResponse | Exception


class InMemorySender:
    """Answers requests from a list, and keeps them."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self._answers: dict[tuple[str, str], tuple[deque[Answer], float]] = {}

    def answer(self, method: str, url: str, *answers: Answer, delay: float = 0.0) -> None:
        """Says what comes back; an exception is raised.

        Args:
            method: such as `GET`.
            url: absolute; without a query it stands for every query.
            answers: one after another; the last one again and again.
            delay: seconds before each answer.

        Raises:
            ValueError: there is no answer.
        """
        if not answers:
            raise ValueError("say at least one answer")
        self._answers[method.upper(), url] = deque(answers), delay

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Keeps a request and gives its answer."""
        self.requests.append(request)
        known = self._answers.get((request.method, request.url)) or self._answers.get(
            (request.method, urlunsplit(urlsplit(request.url)._replace(query="")))
        )
        if known is None:
            raise UnavailableException("there is nobody at this address")
        answers, delay = known
        await asyncio.sleep(min(delay, request.timeout))
        if delay >= request.timeout:
            raise UnavailableException("there was no answer in time")
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def build_mocked_aiohttp_response(
    status: int = 200, *, json: object = None, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Makes an answer.

    Args:
        status: such as 200.
        json: the body as a value.
        body: the body as bytes, if no value is given.
        headers: by name.
    """
    given = dict(headers or {})
    if json is not None:
        body = json_module.dumps(json).encode()
        given = {"content-type": "application/json"} | given
    return HttpResponse(status=status, headers=given, body=body)


def build_mocked_aiohttp_resource(answers: Mapping[str, Answer | Sequence[Answer]]) -> InMemorySender:
    """Makes a sender from answers under keys such as `GET https://catalogue/items/7`."""
    sender = InMemorySender()
    for key, given in answers.items():
        method, _, url = key.partition(" ")
        sender.answer(method, url, *(given if isinstance(given, Sequence) else (given,)))
    return sender
