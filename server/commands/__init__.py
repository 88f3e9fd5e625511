"""Subcommands of `skyband`, one file each."""
