"""The wheel is all that a user needs: no checkout, no network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NO_NETWORK = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
"""


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("faceguard_sdk-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(code: str, site: Path, cwd: Path) -> str:
    """Runs `code` with the unpacked wheel before everything else."""
    prelude = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    command = [sys.executable, "-I", "-c", prelude + code]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_wheel_carries_models_cards_licences_and_policies(unpacked_wheel: Path) -> None:
    data = unpacked_wheel / "faceguard" / "_data"
    assert (data / "models" / "manifest.toml").is_file()
    assert len(list((data / "policies").glob("*.toml"))) == 9
    assert (data / "policies" / "notices" / "questions.toml").is_file()
    templates = unpacked_wheel / "faceguard" / "signage" / "templates"
    assert {"sign.typ", "sign.html.j2", "page.html.j2", "style.css", "pictogram.svg"} <= {
        file.name for file in templates.iterdir()
    }
    weights = list((data / "models").glob("*/weights.onnx"))
    assert len(weights) >= 3
    for file in weights:
        assert (file.parent / "MODEL_CARD.md").is_file()
        assert (file.parent / "LICENSE").is_file()


def test_an_installed_package_redacts_a_photo_offline(unpacked_wheel: Path, tmp_path: Path) -> None:
    """FG-N01 to FG-D01 in one go, from the wheel alone, with the network cut."""
    (tmp_path / "notice.toml").write_bytes((ROOT / "examples" / "notice.toml").read_bytes())
    (tmp_path / "photo.jpg").write_bytes((ROOT / "examples" / "photos" / "astronaut.jpg").read_bytes())
    code = _NO_NETWORK + (
        "import faceguard\n"
        f"assert faceguard.__file__.startswith({str(unpacked_wheel)!r}), faceguard.__file__\n"
        "report = faceguard.redact_image('photo.jpg', 'safe.jpg', notice='notice.toml', purpose='publication')\n"
        "print(report.redacted_count, report.target.stat().st_size > 1000)\n"
    )
    assert run(code, unpacked_wheel, tmp_path).split() == ["1", "True"]


def test_import_brings_in_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    """What makes an import slow is what it imports; the benchmark has the seconds."""
    code = (
        "import sys, faceguard\n"
        "print([m for m in ('cv2', 'onnxruntime', 'numpy', 'pydantic', 'PIL', 'av') if m in sys.modules])"
    )
    assert run(code, ROOT / "src", tmp_path).strip() == "[]"


def test_the_public_names_are_these(tmp_path: Path) -> None:
    import faceguard

    assert faceguard.__all__ == sorted(faceguard.__all__)
    assert dir(faceguard) == faceguard.__all__
    for name in faceguard.__all__:
        assert getattr(faceguard, name) is not None
    with pytest.raises(AttributeError):
        _ = faceguard.nothing_of_this_name


def test_a_missing_system_library_of_opencv_gets_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from faceguard.errors import ConfigurationError\n"
        "try:\n    import faceguard.opencv\nexcept ConfigurationError as error:\n    print(error)\n"
    )
    output = run(code, ROOT / "src", tmp_path)
    assert "opencv-python-headless" in output
    assert "libGL.so.1" in output
