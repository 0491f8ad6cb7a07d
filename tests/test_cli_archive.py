"""The commands of packages: made, checked and read back, and what is wrong is said plainly."""

from pathlib import Path

from fireinvest.store import Database
from tests.services.test_packages import House
from tests.test_cli import run


def test_a_package_is_made_checked_and_read_back(quick_database: Database, tmp_path: Path) -> None:
    house = House(quick_database, tmp_path)
    number = house.case().number
    given = {
        "DATABASE_URL": house.url,
        "SECRET_KEY": "only for tests",
        "BLOB_URL": f"file://{tmp_path}/files",
    }
    made = run("archive", "make", number, str(tmp_path / "out"), "--folders", **given)
    assert made.exit_code == 0, made.output
    (bag,) = (tmp_path / "out").iterdir()
    seal = made.stdout.partition("seal: ")[2].split()[0]
    # Twice at the same place is refused, and so is what isn't there.
    again = run("archive", "make", number, str(tmp_path / "out"), "--folders", **given)
    assert again.exit_code == 2
    assert bag.name in again.stderr
    assert run("archive", "make", "none", str(tmp_path / "x"), **given).exit_code == 2
    # Checking needs no database.
    whole = run("archive", "verify", str(bag), "--lang", "en")
    assert whole.exit_code == 0
    assert seal in whole.stdout
    for expected in ("Read back as the imported file 1", "was read back before"):
        back = run("archive", "import", str(bag), "--lang", "en", **given)
        assert back.exit_code == 0
        assert expected in back.stdout
    file = bag / "data/chains/journal.txt"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(bytes(content))
    broken = run("archive", "verify", str(bag), "--lang", "en")
    assert broken.exit_code == 1
    assert "data/chains/journal.txt: was changed" in broken.stdout
    refused = run("archive", "import", str(bag), **given)
    assert refused.exit_code == 2
    assert "journal.txt" in refused.stderr
    assert run("archive", "verify", str(tmp_path / "none")).exit_code == 2
