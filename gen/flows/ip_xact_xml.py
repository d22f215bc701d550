"""XML of IP-XACT, IEEE 1685-2009: elements with a prefix, in the order in which they are made."""

from collections.abc import Mapping
from xml.etree import ElementTree

__all__ = ["component", "element", "named", "parameters", "text"]

_NAMESPACES = {
    "xmlns:spirit": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009",
    "xmlns:xilinx": "http://www.xilinx.com",
}

Element = ElementTree.Element


def component() -> Element:
    """An empty component."""
    return ElementTree.Element("spirit:component", _NAMESPACES)


def element(parent: Element, kind: str, value: object = "", /, **attributes: str) -> Element:
    """An element in ``parent``, of the standard unless ``kind`` has another prefix."""
    child = ElementTree.SubElement(parent, _prefixed(kind))
    for attribute, what in attributes.items():
        child.set(_prefixed(attribute), what)
    if str(value):
        child.text = str(value)
    return child


def named(parent: Element, kind: str, name: str, meaning: str = "") -> Element:
    """An element that begins with its name and, if it has one, its meaning."""
    child = element(parent, kind)
    element(child, "name", name)
    if meaning:
        element(child, "description", meaning)
    return child


def parameters(parent: Element, values: Mapping[str, str], owner: str) -> None:
    """A list of parameters, if there are any; ``owner`` makes their identifiers unique."""
    if not values:
        return
    group = element(parent, "parameters")
    for name, value in values.items():
        element(named(group, "parameter", name), "value", value, id=f"{owner}.{name}")


def text(root: Element) -> str:
    """The document, indented."""
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _prefixed(name: str) -> str:
    return name if ":" in name else f"spirit:{name}"
