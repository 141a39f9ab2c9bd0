"""The formats that players and browsers show. Importing this enters them in the catalogue."""

from offkit.badapple.formats import catalogue
from offkit.badapple.formats.catalogue import open_reader
from offkit.theatre import asciicast_reader, page_reader
from offkit.theatre.asciicast import Cast
from offkit.theatre.page import Html

__all__ = ["open_reader"]

catalogue.register(Cast, asciicast_reader.is_ours, asciicast_reader.CastReader)
catalogue.register(Html, page_reader.is_ours, page_reader.HtmlReader)
