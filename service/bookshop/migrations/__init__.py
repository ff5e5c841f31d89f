"""Migrations: the versions of the bookshop's tables."""
