"""Bookshop: the reference service."""

from collections.abc import Sequence
from typing import ClassVar

from bookshop.books.module import books_module
from bookshop.items.module import items_module
from bookshop.notifications.module import notifications_module
from bookshop.users.module import users_module
from fastapi_chassis.app import ApplicationAbstract, ServiceModule


class Bookshop(ApplicationAbstract):
    """Members offer items; another module tells them that it did."""

    name = "bookshop"
    version = "0.1.0"
    modules: ClassVar[Sequence[ServiceModule]] = (
        users_module,
        items_module,
        books_module,
        notifications_module,
    )
