"""Each addon is also a wheel that puts the addon where Odoo looks for it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDONS = sorted(
    path.parent
    for path in ROOT.glob("addons/*/__manifest__.py")
    if not path.parent.name.startswith("test_")
)
WHEEL = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]


@pytest.mark.parametrize("addon", ADDONS, ids=lambda path: path.name)
def test_wheel_holds_the_whole_addon(addon, tmp_path):
    subprocess.run(
        [*WHEEL, "--wheel-dir", str(tmp_path), str(addon)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"odoo_addon_{addon.name}-19.0.")
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=addon, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    expected = {f"odoo/addons/{addon.name}/{path}" for path in tracked if path}
    assert expected - packed <= {f"odoo/addons/{addon.name}/pyproject.toml"}
