"""The types of ASGI, as far as the edge touches them."""

from collections.abc import Awaitable, Callable, MutableMapping

type Message = MutableMapping[str, object]
type Scope = MutableMapping[str, object]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]
type Headers = list[tuple[bytes, bytes]]
