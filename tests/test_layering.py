"""Who may import whom: experiments -> style -> gan, and nothing imports experiments or scripts."""

import ast

import pytest

from tests.conftest import ROOT

ALLOWED = {"gan": {"gan"}, "style": {"gan", "style"}, "experiments": {"gan", "style", "experiments"}}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports(package):
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, "names", ())]
            if isinstance(node, ast.Import | ast.ImportFrom):
                tops = {(name or "").partition(".")[0] for name in names}
                wrong = tops & {"gan", "style", "experiments", "scripts", "tests"} - ALLOWED[package]
                assert not wrong, f"{file.relative_to(ROOT)} line {node.lineno} imports {wrong}"


def test_libraries_do_not_know_tensorboard_or_run_directories():
    for package in ("gan", "style"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text()
            assert "tf.summary" not in text, file
            assert "run_dir" not in text, file
