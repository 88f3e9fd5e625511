"""The report on a match: its numbers from SQL aggregates, its plots, and one HTML page of both."""

from skyband.server.report.groups import GroupsReport, report_on_groups
from skyband.server.report.report import MatchReport, report_on

__all__ = ["GroupsReport", "MatchReport", "report_on", "report_on_groups"]
