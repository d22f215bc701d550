"""Tables and sections of pages that commands write."""

import pytest

from gen.markdown import markdown_table, renew_section, section, with_section

PAGE = "above\n<!-- a -->\nold\n<!-- end of a -->\nbelow\n<!-- a b -->\n<!-- end of a b -->\n"


def test_sections_are_what_stands_between_marks():
    assert section(PAGE, "a") == "old\n"
    assert section(PAGE, "a b") == ""
    assert with_section(PAGE, "a", "new \\1\n") == PAGE.replace("old", "new \\1")
    assert section(with_section(PAGE, "a b", "| x |\n"), "a b") == "| x |\n"


@pytest.mark.parametrize("name", ["b", "end of a", "."])
def test_a_page_without_marks_stays_as_it_is(name, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    for call in (lambda: section(PAGE, name), lambda: renew_section(page, name, "new\n")):
        with pytest.raises(ValueError, match="the page has no marks of"):
            call()
    assert page.read_text() == PAGE


def test_tables():
    table = markdown_table(("name", "what", "size"), [("a", "b", "1")], 2)
    assert table == "| name | what | size |\n| --- | --- | ---: |\n| a | b | 1 |\n"
