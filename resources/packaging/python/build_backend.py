"""Builds freno-client by the standard library alone (PEP 517), the same bytes each time."""

import base64
import gzip
import hashlib
import io
import os
import re
import tarfile
import zipfile

FILES = ["LICENSE", "PKG-INFO", "build_backend.py", "freno_client.py", "pyproject.toml"]
WHEEL = "Wheel-Version: 1.0\nGenerator: freno\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))


def read(name):
    with open(name, "rb") as file:
        return file.read()


def base_name():
    version = re.search(rb"^Version: (\S+)", read("PKG-INFO"), re.M).group(1).decode()
    return f"freno_client-{version}"


def build_wheel(directory, config_settings=None, metadata_directory=None):
    info = f"{base_name()}.dist-info"
    entries = {
        "freno_client.py": read("freno_client.py"),
        f"{info}/METADATA": read("PKG-INFO"),
        f"{info}/WHEEL": WHEEL.encode(),
        f"{info}/LICENSE": read("LICENSE"),
    }
    lines = [f"{name},sha256={digest(data)},{len(data)}\n" for name, data in entries.items()]
    record = "".join(lines)
    entries[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    name = f"{base_name()}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in entries.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return name


def build_sdist(directory, config_settings=None):
    name = f"{base_name()}.tar.gz"
    with open(os.path.join(directory, name), "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=EPOCH) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
                for path in FILES:
                    data = read(path)
                    entry = tarfile.TarInfo(f"{base_name()}/{path}")
                    entry.size, entry.mtime, entry.mode = len(data), EPOCH, 0o644
                    archive.addfile(entry, io.BytesIO(data))
    return name


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
