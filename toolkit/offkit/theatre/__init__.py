"""What shows a conversion: a player for terminals, asciicasts, a page that plays itself.

Its formats are in the catalogue wherever something of it is imported, also in a process that was spawned.
"""

from offkit.badapple.formats import catalogue


def _cast() -> catalogue.Entry:
    from offkit.theatre import asciicast_reader

    return catalogue.Entry(
        asciicast_reader.CastReader.form, asciicast_reader.is_ours, asciicast_reader.CastReader
    )


def _html() -> catalogue.Entry:
    from offkit.theatre import page_reader

    return catalogue.Entry(page_reader.HtmlReader.form, page_reader.is_ours, page_reader.HtmlReader)


catalogue.add("cast", ".cast", _cast)
catalogue.add("html", ".html", _html)
