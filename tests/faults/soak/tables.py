"""The figures of a run, and the table that people read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.checker import figures
from tests.faults.soak.accounts import seen
from tests.faults.soak.blows import Blows
from tests.faults.soak.moods import Moods
from tests.faults.soak.person import Person
from tests.faults.soak.site import Site
from tests.faults.soak.traffic import Traffic


@dataclass(frozen=True)
class Result:
    """What a run did."""

    seconds: float
    counts: dict[str, int]
    states: dict[str, int]
    faults: dict[str, int]
    latencies: Sequence[float] = field(repr=False)

    @classmethod
    def of(
        cls, site: Site, traffic: Traffic, blows: Blows, moods: Moods, person: Person, seconds: float
    ) -> "Result":
        """Read it off a run that is over."""
        with site.installation.database.read() as tx:
            now, effects = figures(tx), seen(tx, site)
        first: dict[str, float] = {}
        for one in effects:
            first.setdefault(one.name, one.at)
        plain = [sent for sent in traffic.sent if sent.mode == "" and sent.name in first]
        counts = {
            "bodies sent": len(traffic.sent),
            "attempts of senders": sum(sent.tries for sent in traffic.sent),
            "messages": sum(now.messages.values()),
            "deliveries": sum(now.deliveries.values()),
            "effects at the target": len(site.target.effects),
            "requests to the target": len(site.target.arrivals),
            "repeats it told apart": site.target.repeats,
            "settled by a person": person.confirmed + person.sent_again,
            "releases at work": len({one.edition for one in effects if one.edition.startswith("edition")}),
            "processes that ended by themselves": site.restarts,
            **{f"MB of the largest {kind}": size for kind, size in sorted(site.memory.items())},
        }
        states = {f"messages {state}": count for state, count in now.messages.items()}
        states |= {f"deliveries {state}": count for state, count in now.deliveries.items()}
        waits = sorted(max(0.0, first[sent.name] - sent.acknowledged) for sent in plain)
        return cls(seconds, counts, states, dict(blows.counts + moods.counts), waits)

    def percentile(self, share: float) -> float:
        """A latency from the acknowledgement to the effect, in seconds."""
        if not self.latencies:
            return 0.0
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def table(result: Result) -> str:
    """All figures, one a line."""
    rows = [*result.counts.items(), *sorted(result.states.items())]
    lines = [f"  {name:<36}{count:>10,}" for name, count in rows]
    lines.append("faults")
    lines += [f"  {name:<36}{count:>10,}" for name, count in Counter(result.faults).most_common()]
    lines.append(f"  {'all':<36}{sum(result.faults.values()):>10,}")
    lines.append("from acknowledgement to effect, faults included")
    for name, share in (("median", 0.5), ("95 of 100", 0.95), ("99 of 100", 0.99), ("longest", 1.0)):
        lines.append(f"  {name:<36}{result.percentile(share):>8.2f} s")
    messages = result.counts["messages"]
    lines.append(
        f"{messages:,} messages in {result.seconds:,.0f} s, {messages / result.seconds:.1f}/s: no violation"
    )
    return "\n".join(lines)
