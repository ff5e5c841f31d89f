"""Dying: a bookshop whose process is killed, as by kill -9, at one point of the road of a message."""

import os
import signal
from dataclasses import replace

from bookshop.app import Bookshop
from bookshop.items.commands import CreateItem
from bookshop.items.events import ItemCreated
from bookshop.items.handlers import create_item
from bookshop.items.lists import ItemLists
from bookshop.items.model import Item
from bookshop.items.repository import ItemRepository
from bookshop.notifications.consumers import announce
from bookshop.notifications.repository import NotificationRepository
from fastapi_chassis.application import AbstractUnitOfWork, Principal
from fastapi_chassis.domain import Clock

POINT = os.environ.get("DIE", "")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str) -> None:
    if point == POINT:
        die()


async def create_and_die(
    command: CreateItem,
    items: ItemRepository,
    caller: Principal,
    clock: Clock,
    lists: ItemLists,
    unit_of_work: AbstractUnitOfWork,
) -> Item:
    item = await create_item(command, items, caller, clock, lists)
    die_at("before the commit")
    if POINT == "after the commit":
        unit_of_work.after_commit(die)
    return item


async def announce_and_die(
    event: ItemCreated,
    notifications: NotificationRepository,
    clock: Clock,
    unit_of_work: AbstractUnitOfWork,
) -> None:
    die_at("before the effect")
    await announce(event, notifications, clock)
    die_at("before the commit of the effect")
    if POINT == "before the acknowledgement":
        unit_of_work.after_commit(die)


# the inbox knows the consumer by its name
announce_and_die.__name__ = announce.__name__
announce_and_die.__qualname__ = announce.__qualname__
users, items, books, notifications = Bookshop.modules


class Dying(Bookshop):
    modules = (
        users,
        replace(items, handlers=(create_and_die, *items.handlers[1:])),
        books,
        replace(notifications, consumers=(announce_and_die,)),
    )
