"""What every page shows around its content: rule set, environment, navigation, counts."""

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, request, url_for
from flask_login import current_user

from app.design import rulesets, trials
from app.storage import environments, queries, releases
from app.web.access import installation
from app.web.session import THEMES
from dsl.diagnostics import Severity

_COOKIE = "mapwright_ruleset"
_PARTS = (
    ("maps", "Maps"),
    ("tables", "Tables"),
    ("lookups", "Value maps"),
    ("rules", "Rules and flows"),
)


@dataclass(frozen=True)
class Link:
    """One line of the navigation."""

    title: str
    url: str
    current: bool = False
    count: int | str = ""
    alarming: bool = False


@dataclass(frozen=True)
class Group:
    """Links under one heading."""

    title: str
    links: list[Link]


class Frame:
    """Computed only as far as a template asks; parts of a page ask for nothing."""

    @cached_property
    def rulesets(self) -> list[Any]:
        """All rule sets."""
        with installation().database.read() as connection:
            return rulesets.list_rulesets(connection)

    @cached_property
    def ruleset(self) -> Any:
        """The rule set of this page, else the one looked at last, else the first."""
        wanted = [named_in_path(), request.cookies.get(_COOKIE)]
        known = {one.name: one for one in self.rulesets}
        found = next((known[name] for name in wanted if name in known), None)
        return found or (self.rulesets[0] if self.rulesets else None)

    @cached_property
    def environments(self) -> list[Any]:
        """The chain."""
        with installation().database.read() as connection:
            return environments.environments(connection)

    @cached_property
    def environment(self) -> str:
        """The environment whose messages are shown."""
        return environment_name(self.environments)

    @cached_property
    def production(self) -> bool:
        """Whether that is the last of a chain."""
        chain = self.environments
        return len(chain) > 1 and chain[-1].name == self.environment

    @cached_property
    def program(self) -> Any:
        """The checked program of the page's rule set; None on pages about something else."""
        if not named_in_path() or self.ruleset is None:
            return None
        with installation().database.read() as connection:
            files = rulesets.read_files(connection, self.ruleset.name)
        return trials.check_files(files)

    @cached_property
    def errors(self) -> int | None:
        """How many errors the rule set has."""
        return self._count(Severity.ERROR)

    @cached_property
    def warnings(self) -> int | None:
        """How many warnings the rule set has."""
        return self._count(Severity.WARNING)

    @cached_property
    def live(self) -> int | None:
        """The number of the release that is live here."""
        if self.ruleset is None:
            return None
        with installation().database.read() as connection:
            found = environments.live_release(connection, self.environment, self.ruleset.name)
            record = releases.release_record(connection, found) if found else None
        return record.number if record else None

    @cached_property
    def problems(self) -> int:
        """How many messages and deliveries wait for a person here."""
        with installation().database.read() as connection:
            return queries.problem_count(connection, self.environment)

    @property
    def navigation(self) -> list[Group]:
        """The links at the left."""
        groups = [Group("", [_link("Home", "home.show")])]
        if self.ruleset is not None:
            groups.append(Group(self.ruleset.title, self._design_links()))
        run = [_link("Releases", "releases.index"), _link("Messages", "messages.index")]
        run.append(_link("Problems", "problems.show", count=self.problems, alarming=True))
        run.append(_link("Connections", "connections.show"))
        groups.append(Group("Running", run))
        pages = (("Functions", "functions"), ("Findings", "diagnostics"))
        words = [
            Link(title, f"/reference/{part}", request.path.startswith(f"/reference/{part}"))
            for title, part in pages
        ]
        groups.append(Group("Language", words))
        if current_user.can("administer"):
            groups.append(Group("Administration", [_link("People and tokens", "accounts.show")]))
        return groups

    def _design_links(self) -> list[Link]:
        name, here = self.ruleset.name, request.blueprint
        overview = url_for("rulesets.show", name=name)
        links = [
            Link("Overview", overview, here == "rulesets" and bool(named_in_path()), self.errors or "", True)
        ]
        links += [Link(title, f"{overview}#{part}", here == part) for part, title in _PARTS]
        links.append(Link("Samples and tests", url_for("trials.show", name=name), here == "trials"))
        links.append(Link("Text", url_for("texts.index", name=name), here == "texts"))
        return links

    def _count(self, severity: Severity) -> int | None:
        if self.program is None:
            return None
        return sum(d.severity is severity for d in self.program.diagnostics)


def named_in_path() -> str | None:
    """The rule set that the address of the page names."""
    return (request.view_args or {}).get("name") if request.path.startswith("/rulesets/") else None


def environment_name(chain: list[Any]) -> str:
    """The environment a person chose, else the one of the settings, else the first."""
    names = [one.name for one in chain]
    configured: str = installation().settings.environment
    wanted = (request.cookies.get("mapwright_environment", ""), configured)
    return next((name for name in wanted if name in names), names[0] if names else configured)


def current_environment() -> str:
    """The environment whose messages are shown."""
    with installation().database.read() as connection:
        return environment_name(environments.environments(connection))


def register(app: Flask) -> None:
    """Give `frame`, `theme` and `zone_name` to every template and remember the rule set looked at."""

    @app.context_processor
    def context() -> dict[str, Any]:
        theme = request.cookies.get("mapwright_theme", "")
        frame = Frame()
        return {
            "frame": frame,
            "theme": theme if theme in THEMES else "system",
            "zone_name": _use_zone(frame),
            "query": request.args.get("q", ""),
        }

    @app.after_request
    def remember(response: Response) -> Response:
        name = named_in_path()
        if name and response.status_code == 200 and request.cookies.get(_COOKIE) != name:
            response.set_cookie(_COOKIE, name, samesite="Lax", httponly=True)
        return response


def _use_zone(frame: Frame) -> str:
    if not current_user.is_authenticated or frame.ruleset is None:
        return "UTC"
    with installation().database.read() as connection:
        manifest = rulesets.read_file(connection, frame.ruleset.name, rulesets.MANIFEST)
    g.zone = _zone_of(manifest.content)
    return str(g.zone)


@lru_cache(64)
def _zone_of(manifest: bytes) -> ZoneInfo:
    try:
        return ZoneInfo(tomllib.loads(manifest.decode()).get("time_zone", "UTC"))
    except (ValueError, OSError, LookupError):
        return ZoneInfo("UTC")


def _link(title: str, endpoint: str, count: int | str = "", alarming: bool = False) -> Link:
    current = endpoint.partition(".")[0] == request.blueprint
    return Link(title, url_for(endpoint), current, count or "", alarming)
