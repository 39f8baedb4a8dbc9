"""HL nodes -> a tree, by HL01 and HL02 only. Whatever the file says, it is a tree."""

from dataclasses import dataclass, field
from typing import Any

from connectors.codecs.x12.faults import Report
from connectors.codecs.x12.segment import Segment

DEEPEST = 50
_NOBODY = -1


@dataclass(slots=True)
class Node:
    """One HL segment and the record it became."""

    segment: Segment
    record: dict[str, Any] = field(default_factory=dict)


def node_fields(segment: Segment) -> dict[str, Any]:
    """The fields of an HL segment; empty elements are absent."""
    names = ("id", "parent", "level", "has_children")
    values = {name: segment.element(position) for position, name in enumerate(names, 1)}
    return {**{name: value for name, value in values.items() if value}, "children": []}


def build_tree(nodes: list[Node], report: Report) -> list[dict[str, Any]]:
    """The roots, each with its children in the order of the file."""
    parents = _parents(nodes, report)
    _break_cycles(nodes, parents, report)
    _limit_depth(nodes, parents, report)
    roots: list[int] = []
    for index, parent in enumerate(parents):
        if parent == _NOBODY:
            roots.append(index)
        else:
            nodes[parent].record["children"].append(nodes[index].record)
    _check_codes(nodes, roots, report)
    return [nodes[index].record for index in roots]


def _parents(nodes: list[Node], report: Report) -> list[int]:
    """The index of each node's parent: the last one before it with that number, else the first after."""
    first: dict[str, int] = {}
    for index, node in enumerate(nodes):
        first.setdefault(node.segment.element(1), index)
    before: dict[str, int] = {}
    parents: list[int] = []
    for index, node in enumerate(nodes):
        parents.append(_parent(node, before, first, report))
        number = node.segment.element(1)
        if not number:
            report.add("hl_id_missing", "HL01 is empty", node.segment, element="01", expected=str(index + 1))
        elif number in before:
            report.add(
                "hl_duplicate", f"HL01 {number} occurs twice", node.segment, element="01", found=number
            )
        if number:
            before[number] = index
    return parents


def _parent(node: Node, before: dict[str, int], first: dict[str, int], report: Report) -> int:
    wanted = node.segment.element(2)
    if not wanted:
        return _NOBODY
    if wanted in before:
        return before[wanted]
    if wanted not in first:
        text = f"HL02 names the parent {wanted}, which is not there"
        report.add("hl_parent", text, node.segment, element="02", found=wanted, expected="the HL01 of a node")
        return _NOBODY
    if wanted != node.segment.element(1):
        text = f"HL02 names the parent {wanted}, which comes later"
        report.add("hl_parent_later", text, node.segment, element="02", found=wanted)
    return first[wanted]


def _break_cycles(nodes: list[Node], parents: list[int], report: Report) -> None:
    walked = [0] * len(nodes)  # 0: not seen; else the walk that saw it first
    for start in range(len(nodes)):
        index = start
        while index != _NOBODY and not walked[index]:
            walked[index] = start + 1
            index = parents[index]
        if index != _NOBODY and walked[index] == start + 1:
            segment = nodes[index].segment
            text = f"HL02 {segment.element(2)} leads back to HL {segment.element(1)} itself"
            report.add("hl_cycle", text, segment, element="02", found=segment.element(2))
            parents[index] = _NOBODY


def _limit_depth(nodes: list[Node], parents: list[int], report: Report) -> None:
    depths = [0] * len(nodes)  # from 1; 0: not known yet
    for start in range(len(nodes)):
        chain, index = [], start
        while index != _NOBODY and not depths[index]:
            chain.append(index)
            index = parents[index]
        for index in reversed(chain):
            depths[index] = 1 if parents[index] == _NOBODY else depths[parents[index]] + 1
            if depths[index] > DEEPEST:
                report.add(
                    "hl_too_deep", f"the tree is more than {DEEPEST} levels deep", nodes[index].segment
                )
                parents[index], depths[index] = _NOBODY, 1


def _check_codes(nodes: list[Node], roots: list[int], report: Report) -> None:
    if len(roots) > 1:
        text = f"{len(roots)} HL segments have no parent"
        report.add(
            "hl_roots", text, nodes[roots[1]].segment, element="02", expected="1 root", found=len(roots)
        )
    for index, node in enumerate(nodes, 1):
        if node.segment.element(1) not in ("", str(index)):
            text = f"HL01 is {node.segment.element(1)}, counted is {index}"
            report.add("hl_sequence", text, node.segment, element="01", expected=str(index))
            break
    for node in nodes:
        said, is_parent = node.segment.element(4), bool(node.record["children"])
        if said in ("0", "1") and said != str(int(is_parent)):
            text = f"HL04 is {said}, but there are {'some' if is_parent else 'no'} children"
            report.add(
                "hl_child_code", text, node.segment, element="04", expected=str(int(is_parent)), found=said
            )
