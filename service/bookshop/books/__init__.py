"""Books: the catalogue of what exists, which librarians keep."""
