"""How Yosys and nextpnr are called."""

from gen.synth.tools import Tool


def test_tool_imports_nothing_from_the_folder_that_it_runs_in(tmp_path):
    (tmp_path / "pprint.py").write_text("raise RuntimeError('the wrong pprint')")
    assert Tool("rich", "pprint:pprint").run(["some", "words"], tmp_path) == "['some', 'words']\n"


def test_tool_that_reads_its_arguments_itself_has_a_log_of_its_own(tmp_path):
    (tmp_path / "found.json").write_text('{"a": 1}')
    tool = Tool("rich", "json.tool:main", from_argv=True, log="pretty")
    assert tool.run(["--compact", "found.json"], tmp_path) == '{"a":1}\n'
    assert (tmp_path / "pretty.log").read_text() == '{"a":1}\n'
