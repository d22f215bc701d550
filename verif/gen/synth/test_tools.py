"""How Yosys and nextpnr are called."""

from gen.synth.tools import Tool


def test_tool_imports_nothing_from_the_folder_that_it_runs_in(tmp_path):
    (tmp_path / "pprint.py").write_text("raise RuntimeError('the wrong pprint')")
    assert Tool("rich", "pprint:pprint").run(["some", "words"], tmp_path) == "['some', 'words']\n"
