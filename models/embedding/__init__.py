"""Runs that give the images of a collection their vectors."""
