"""The .repo file in a bundle: a release's discs as repositories of yum.

Like ``bootstrap`` it holds nothing newer than Python 3.6.
"""

from typing import Dict

from offkit.edges import data
from offkit.model import layout
from offkit.model.release import Release

TEMPLATE = "repo-config/offkit.repo"


def members(release: Release, mount: str) -> Dict[str, str]:
    """Path in the bundle and text, for a disc at ``mount``; {} where its layout is not known.

    ``{gpgkey}`` is left in it where the disc has no key: the server's own goes there.
    """
    media = release.media
    if not media.repositories:
        return {}
    head, note, section = data.read_text(TEMPLATE).split("\n\n")
    key = "file://{mount}/" + media.key if media.key else "{gpgkey}"
    parts = [head if media.key else head + "\n" + note]
    for base in media.repositories:
        place = "{mount}/" + base.folder if base.folder else "{mount}"
        part = section.strip().replace("{id}", base.id).replace("{name}", base.name)
        parts.append(part.replace("{place}", place).replace("{key}", key))
    text = "\n\n".join(parts).replace("{what}", media.what).replace("{disc}", media.disc)
    path = "{}offkit-{}.repo".format(layout.REPO_CONFIG, release.name)
    return {path: text.replace("{mount}", mount) + "\n"}
