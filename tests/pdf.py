"""What a PDF says, by pdftotext; without it the test is skipped."""

import shutil
import subprocess

import pytest

needs_pdftotext = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="needs pdftotext (apt install poppler-utils)"
)


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().replace("\xa0", " ").split())


def pages_of(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n") or pdf.count(b"/Type /Page ")
