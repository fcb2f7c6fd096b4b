"""TensorBoard in a real browser: the charts and pictures of a real run are there to look at."""

import shutil

import pytest

from experiments import dcgan


@pytest.fixture
def dashboard(digits_file, tmp_path):
    """The address of a TensorBoard that shows a short training."""
    from tensorboard import program

    dcgan.main(["--width", "4", "--steps", "6", "--tick", "2", "--run-dir", str(tmp_path / "run"), "--data", str(digits_file)])
    board = program.TensorBoard()
    board.configure(argv=[None, "--logdir", str(tmp_path / "run"), "--host", "127.0.0.1", "--port", "0"])
    return board.launch()


@pytest.mark.slow
def test_charts_and_pictures(dashboard, tmp_path):
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(dashboard + "#scalars")
        page.wait_for_selector("tf-scalar-card", timeout=60_000)
        for group in ("loss", "gradient", "score", "time"):
            page.get_by_text(group, exact=True).first.wait_for(timeout=30_000)
        assert page.locator("tf-scalar-card").count() >= 2
        page.goto("about:blank")
        page.goto(dashboard + "#images")
        page.wait_for_selector("tf-image-loader img", timeout=60_000)
        widths = page.locator("tf-image-loader img").evaluate_all("pictures => pictures.map(picture => picture.naturalWidth)")
        for group in ("real", "samples"):
            page.get_by_text(group, exact=True).first.wait_for(timeout=30_000)
        assert max(widths) >= 8 * 16, "a grid of eight pictures of 16 pixels"
        browser.close()
