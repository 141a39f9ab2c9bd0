"""What a conversion can look like: pictures to cells, cells to bytes, and bytes back to cells."""

from offkit.badapple.formats import catalogue


def _text() -> catalogue.Entry:
    from offkit.badapple.formats import textreader

    return catalogue.Entry(textreader.TextReader.form, textreader.is_ours, textreader.TextReader)


catalogue.add(catalogue.DEFAULT, ".txt", _text)
