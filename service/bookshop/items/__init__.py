"""Items: what members of the bookshop offer."""
