"""Which index each file is of that pip's finder gives."""

from __future__ import annotations

from typing import Any

from packaging.utils import canonicalize_name

from offkit.model import origin
from offkit.online.index import indexes
from offkit.online.index.lots import Lot


class Origins:
    """Watches a finder; made after everything else that changes how it reads pages."""

    def __init__(self, repo: Any) -> None:
        self._known: dict[str, str] = {}  # by the URL of a file
        finder = repo.finder
        process = finder.process_project_url

        def process_project_url(project_url: Any, link_evaluator: Any) -> Any:
            found = process(project_url, link_evaluator)
            base = indexes.base(repo, project_url.url)
            own = repo.named.origin(canonicalize_name(link_evaluator.project_name))
            where = own or (
                origin.of_index(base, repo.named.called(base)) if base else origin.of_page(project_url.url)
            )

            def note(candidates: list[Any]) -> None:
                for one in candidates:
                    self._known.setdefault(one.link.url_without_fragment, where)

            for one in found:
                one.tell(note) if isinstance(one, Lot) else note([one])
            return found

        finder.process_project_url = process_project_url

    def of(self, link: Any) -> str:
        """As model.origin says it."""
        url = str(link.url_without_fragment)
        return self._known.get(url) or origin.of_file(url)
