"""What the feature books is made of; configuration keeps it in memory, or in MongoDB."""

from bookshop.books.handlers import add_book, describe_book, get_book, list_books, remove_book
from bookshop.books.repository import BookRepository
from bookshop.books.routes import router
from bookshop.versions import versioned
from fastapi_chassis.app import ServiceModule

books_module = ServiceModule(
    "books",
    routers=versioned(router),
    handlers=(add_book, describe_book, remove_book, get_book, list_books),
    repositories=(BookRepository,),
    permissions=frozenset({"books:read", "books:write"}),
)
