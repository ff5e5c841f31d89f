import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast

import pytest

from fastapi_chassis.application import (
    Command,
    Handler,
    MessageContext,
    Resolver,
    Step,
    compose,
    current_context,
    current_scope,
    invocation,
    open_scope,
    read_handler,
    use_context,
)
from fastapi_chassis.domain import Message


class Say(Command[str], public=True):
    text: str = "hello"


class Voice:
    def __init__(self, tone: str) -> None:
        self.tone = tone


class Bound:
    def __init__(self, bound: Mapping[type, object]) -> None:
        self._bound = bound

    async def get[T](self, wanted: type[T]) -> T:
        return cast("T", self._bound[wanted])

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Resolver]:
        yield self


LOUD = Bound({Voice: Voice("loud")})


def step_of(function: Callable[..., object]) -> Step:
    handler = read_handler(function)
    assert isinstance(handler, Handler), handler
    return invocation(handler)


async def test_behaviours_nest_from_the_outside_in() -> None:
    seen: list[str] = []

    def behaviour(name: str) -> Callable[[Message, Step], object]:
        async def call(message: Message, next: Step, /) -> object:  # noqa: A002
            seen.append(f"{name} in")
            result = await next(message)
            seen.append(f"{name} out")
            return f"{name}({result})"

        return call

    async def handle(message: Message) -> object:
        seen.append("handle")
        return "done"

    step = compose([behaviour("a"), behaviour("b")], handle)
    assert await step(Say()) == "a(b(done))"
    assert seen == ["a in", "b in", "handle", "b out", "a out"]


async def test_a_behaviour_may_answer_instead_or_pass_another_message() -> None:
    async def instead(message: Message, next: Step, /) -> object:  # noqa: A002
        return "instead"

    async def louder(message: Message, next: Step, /) -> object:  # noqa: A002
        assert isinstance(message, Say)
        return await next(message.replace(text=message.text.upper()))

    async def handle(message: Message) -> object:
        assert isinstance(message, Say)
        return message.text

    assert await compose([instead], handle)(Say()) == "instead"
    assert await compose([louder], handle)(Say()) == "HELLO"
    assert await compose([], handle)(Say()) == "hello"


async def test_a_function_gets_what_it_needs_from_the_scope() -> None:
    async def say(command: Say, voice: Voice, times: int = 2) -> str:
        return f"{command.text} {voice.tone} {times}"

    async with open_scope(LOUD):
        assert await step_of(say)(Say()) == "hello loud 2"


async def test_a_handler_without_needs_works_without_scope() -> None:
    async def say(command: Say) -> str:
        assert current_scope() is None
        return command.text

    assert await step_of(say)(Say()) == "hello"


async def test_a_class_is_made_anew_for_every_message() -> None:
    made: list[object] = []

    class SayIt:
        def __init__(self, voice: Voice) -> None:
            self.voice = voice
            made.append(self)

        async def __call__(self, command: Say) -> str:
            return self.voice.tone

    class SayInThread(SayIt):
        def __call__(self, command: Say) -> str:  # type: ignore[override]
            return f"{self.voice.tone} {threading.current_thread() is threading.main_thread()}"

    async with open_scope(LOUD):
        step = step_of(SayIt)
        assert [await step(Say()), await step(Say())] == ["loud", "loud"]
        assert await step_of(SayInThread)(Say()) == "loud False"
    assert len(made) == len(set(map(id, made))) == 3


async def test_a_plain_function_runs_in_a_thread_with_the_context() -> None:
    def say(command: Say, voice: Voice) -> str:
        assert threading.current_thread() is not threading.main_thread()
        assert current_scope() is None
        return f"{command.text} {voice.tone} {current_context().correlation_id}"

    def shout(command: Say) -> str:
        return command.text.upper()

    async with open_scope(LOUD):
        with use_context(MessageContext(correlation_id="c")):
            assert await step_of(say)(Say()) == "hello loud c"
    assert await step_of(shout)(Say()) == "HELLO"


async def test_a_plain_function_leaves_the_loop_free() -> None:
    release = threading.Event()

    def wait(command: Say) -> str:
        return "free" if release.wait(5) else "blocked"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(cast("asyncio.Future[object]", step_of(wait)(Say())))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        release.set()
    assert task.result() == "free"


@pytest.mark.parametrize("kind", ["function", "class"])
async def test_needs_without_a_scope_are_an_error(kind: str) -> None:
    async def say(command: Say, voice: Voice) -> None: ...

    class SayIt:
        def __init__(self, voice: Voice) -> None: ...

        async def __call__(self, command: Say) -> None: ...

    with pytest.raises(RuntimeError, match="outside of a message scope"):
        await step_of(say if kind == "function" else SayIt)(Say())


async def test_a_fault_of_a_handler_passes_through_unchanged() -> None:
    fault = LookupError("mine")

    def fail(command: Say) -> None:
        raise fault

    with pytest.raises(LookupError) as told:
        await step_of(fail)(Say())
    assert told.value is fault
