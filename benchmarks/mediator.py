"""The mediator with three behaviours, beside a direct await and beside four other mediators."""

import dataclasses

import cqrs
import di
import lato
import mediatr
from cqrs.bootstrap import requests as cqrs_bootstrap
from diator.container.di import DIContainer
from diator.mediator import Mediator as DiatorMediator
from diator.middlewares import MiddlewareChain
from diator.requests import Request as DiatorRequest
from diator.requests import RequestHandler as DiatorHandler
from diator.requests import RequestMap
from diator.response import Response as DiatorResponse

from benchmarks.harness import Budget, Work, measure, print_measured
from fastapi_chassis.application import Behavior, Command, Handler, HandlerRegistry, Step, build_mediator
from fastapi_chassis.domain import Message


class Double(Command[int], public=True):
    """The message that all contestants handle."""

    number: int


async def double(command: Double) -> int:
    return command.number * 2


class Passing:
    """A behaviour that only passes on."""

    name = "pass"

    def behavior_for(self, handler: Handler) -> Behavior:
        async def passing(message: Message, next: Step, /) -> object:  # noqa: A002
            return await next(message)

        return passing


def chassis(behaviors: int) -> Work:
    registry = HandlerRegistry()
    registry.add(double)
    mediator = build_mediator(registry, behaviors=[Passing() for _ in range(behaviors)])
    command = Double(number=21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await mediator.send(command)

    return work


def direct() -> Work:
    command = Double(number=21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await double(command)

    return work


@dataclasses.dataclass
class MediatrDouble:
    number: int


def mediatr_work() -> Work:
    async def handle(request: MediatrDouble) -> int:
        return request.number * 2

    def passing(name: str):
        async def behavior(request: MediatrDouble, next) -> int:  # noqa: A002
            return await next()

        behavior.__name__ = name
        return behavior

    mediatr.Mediator.handler(handle)
    for name in ("one", "two", "three"):
        mediatr.Mediator.behavior(passing(name))
    mediator, request = mediatr.Mediator(), MediatrDouble(21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await mediator.send_async(request)

    return work


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiatorDouble(DiatorRequest):
    number: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiatorAnswer(DiatorResponse):
    number: int


class DiatorDoubler(DiatorHandler[DiatorDouble, DiatorAnswer]):
    @property
    def events(self):
        return []

    async def handle(self, request: DiatorDouble) -> DiatorAnswer:
        return DiatorAnswer(number=request.number * 2)


async def hand_on(request, handle):
    return await handle(request)


class HandOn:
    async def __call__(self, request, handle):
        return await handle(request)


def diator_work() -> Work:
    outer = di.Container()
    outer.bind(di.bind_by_type(di.dependent.Dependent(DiatorDoubler, scope="request"), DiatorDoubler))
    container = DIContainer()
    container.attach_external_container(outer)
    requests, chain = RequestMap(), MiddlewareChain()
    requests.bind(DiatorDouble, DiatorDoubler)
    for _ in range(3):
        chain.add(HandOn())
    mediator = DiatorMediator(request_map=requests, container=container, middleware_chain=chain)
    request = DiatorDouble(number=21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await mediator.send(request)

    return work


class CqrsDouble(cqrs.Request):
    number: int


class CqrsAnswer(cqrs.Response):
    number: int


class CqrsDoubler(cqrs.RequestHandler[CqrsDouble, CqrsAnswer]):
    @property
    def events(self):
        return []

    async def handle(self, request: CqrsDouble) -> CqrsAnswer:
        return CqrsAnswer(number=request.number * 2)


def cqrs_work() -> Work:
    mediator = cqrs_bootstrap.bootstrap(
        di_container=di.Container(),
        commands_mapper=lambda mapper: mapper.bind(CqrsDouble, CqrsDoubler),
        middlewares=[HandOn(), HandOn(), HandOn()],
    )
    request = CqrsDouble(number=21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await mediator.send(request)

    return work


class LatoDouble(lato.Command):
    number: int


def lato_work() -> Work:
    application = lato.Application("bench")

    @application.handler(LatoDouble)
    async def handle(command: LatoDouble) -> int:
        return command.number * 2

    for _ in range(3):

        @application.transaction_middleware
        async def passing(ctx: lato.TransactionContext, call_next):
            return await call_next()

    command = LatoDouble(number=21)

    async def work(operations: int) -> None:
        for _ in range(operations):
            await application.execute_async(command)

    return work


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    rounds = 5 if smoke else 15
    own = {"direct await": direct(), "chassis, 0 behaviours": chassis(0), "chassis, 3 behaviours": chassis(3)}
    mine = await measure(own, operations=20_000, rounds=rounds, base="direct await")
    print_measured("mediator", mine, "direct await")
    peers = {
        "chassis, 3 behaviours": chassis(3),
        "mediatr, 3 behaviours": mediatr_work(),
        "python-cqrs, 3 middlewares": cqrs_work(),
        "lato, 3 middlewares": lato_work(),
        "diator, 3 middlewares": diator_work(),
    }
    theirs = await measure(peers, operations=1_000, rounds=rounds, base="chassis, 3 behaviours")
    print_measured("mediator, beside its peers", theirs, "chassis, 3 behaviours")
    over = (mine["chassis, 3 behaviours"].median - mine["direct await"].median) * 1e6
    return [Budget("mediator, 3 behaviours, us over a direct await", over, 1.0)]
