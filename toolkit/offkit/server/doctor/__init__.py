"""The doctor: what is wrong with an environment, said without running anything in it."""

from offkit.server.doctor.examine import Examination, Summary, examine

__all__ = ["Examination", "Summary", "examine"]
