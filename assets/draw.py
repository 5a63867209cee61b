"""Draws the PNG forms of our SVG images with Chromium: `make images`, after an SVG has changed.

Each is (file, what is drawn, width, height in pixels). favicon.ico is a PNG of 32 pixels in the frame of an ICO.
"""

import shutil
import struct
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "static" / "images"
CARD = """<div style="width:1200px;height:630px;background:#12203a;color:#f2f5fa;font:600 52px system-ui,sans-serif;
display:flex;flex-direction:column;align-items:center;justify-content:center;gap:48px">{svg}
<span>Gestión de Cobranzas</span></div>"""


def picture(name: str, width: int, height: int) -> str:
    svg = (IMAGES / name).read_text().replace("<svg ", "<svg style=width:100%;height:100% ", 1)
    return f'<div style="width:{width}px;height:{height}px">{svg}</div>'


def draw(page: Page, markup: str, width: int, height: int) -> bytes:
    page.set_viewport_size({"width": width, "height": height})
    page.set_content(f'<body style="margin:0">{markup}</body>')
    return page.screenshot(omit_background=True)


def icon(png: bytes, size: int) -> bytes:
    header = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), 6 + 16)
    return header + entry + png


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for name in ("logo", "logo-dark"):
            (IMAGES / f"{name}.png").write_bytes(draw(page, picture(f"{name}.svg", 592, 160), 592, 160))
        (IMAGES / "apple-touch-icon.png").write_bytes(draw(page, picture("favicon.svg", 180, 180), 180, 180))
        (IMAGES / "favicon.ico").write_bytes(icon(draw(page, picture("favicon.svg", 32, 32), 32, 32), 32))
        card = CARD.format(svg=picture("logo-dark.svg", 666, 180))
        (IMAGES / "og.png").write_bytes(draw(page, card, 1200, 630))
        browser.close()


if __name__ == "__main__":
    main()
