"""What encoding a file seems to have, and that the command which is said makes UTF-8 of it."""

import shutil
import subprocess

import pytest

from offkit.online.request import charset

TEXTS = {
    "gbk": "# 视频处理依赖\nnumpy==1.19.5  # 数组运算\n",
    "big5": "# 視訊處理相依套件,請勿修改\nnumpy==1.19.5  # 陣列運算\n",
    "shift_jis": "# 映像処理のための依存関係\nnumpy==1.19.5  # 配列\n",
    "latin-1": "# dépendances de l'été\nnumpy==1.19.5  # où?\n",
    "cp1252": "# l’été – 5 €\nnumpy==1.19.5\n",
    "utf-16-le": "# nur für uns\r\nnumpy==1.19.5\r\n",
    "utf-16-be": "numpy==1.19.5\n",
}


@pytest.mark.parametrize("codec", TEXTS)
def test_each_is_seen(codec, tmp_path):
    """And iconv, as it is said, gives the text that was meant, in the file that is said."""
    name = "my requirements.txt"
    data = TEXTS[codec].encode(codec)
    (tmp_path / name).write_bytes(data)
    error = charset.refusal(name, data)
    names = {
        "gbk": "GBK",
        "big5": "Big5",
        "shift_jis": "Shift JIS",
        "latin-1": "Latin-1",
        "cp1252": "Windows-1252",
    }
    assert error.message == f"{name} is not UTF-8; it seems to be {names.get(codec, 'UTF-16')}"
    command, _, rest = error.fix.partition("; then give ")
    assert rest == "'my requirements.utf8.txt'"
    if shutil.which("iconv"):
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
        assert (tmp_path / "my requirements.utf8.txt").read_bytes().decode() == TEXTS[codec]


def test_what_none_can_be():
    """Anything is Latin-1."""
    assert charset.guess(b"\xff\x81\xfe\xff").words == "Latin-1"
