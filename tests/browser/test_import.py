"""A file of enquiries through the dialog: progress, counts, rejected rows, reload."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import new_family

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def _file() -> bytes:
    """Two families, the first one twice, then a row with a broken phone and one without a name."""
    first, second = new_family(), new_family()
    lines = [
        "孩子姓名,联系电话,年级",
        f"{first.child},{first.phone},三年级",
        f"{second.child},+86 {second.phone},五年级",
        f"{first.child},{first.phone},三年级",
        "欧阳无号,12345,一年级",
        f",{new_family().phone},一年级",
    ]
    return "\r\n".join(lines).encode()


def _choose_first_campus(page: Page) -> None:
    """Take the entry behind "every row names its own", by the keyboard."""
    box = page.get_by_role("dialog").get_by_role("combobox", name="校区")
    box.press("ArrowDown")
    expect(page.locator(".ant-select-item-option").nth(1)).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_attribute("aria-expanded", "false")


def _upload(page: Page, content: bytes, *, check_only: bool = False) -> None:
    page.get_by_role("button", name="导入").first.click()
    dialog = page.get_by_role("dialog")
    file = FilePayload(name="咨询登记.csv", mimeType="text/csv", buffer=content)
    dialog.locator("input[type=file]").set_input_files(file)
    _choose_first_campus(page)
    if check_only:
        dialog.get_by_role("checkbox", name="只检查，不写入").check()
    dialog.get_by_role("button", name="开始检查" if check_only else "开始导入").click()


def _count(page: Page, label: str) -> str:
    return page.get_by_role("dialog").locator("dl > div", has_text=label).locator("dd").inner_text()


def test_an_import_says_what_became_of_every_row(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("hq_admin")
    content = _file()
    _upload(page, content)
    expect(page.get_by_text("导入完成，共 5 行")).to_be_visible()
    counts = [_count(page, label) for label in ("新建", "合并为触点", "待查重审核", "未导入")]
    assert counts == ["2", "1", "0", "2"]

    # The address leads back to it.
    expect(page).to_have_url(re.compile("import="))
    page.reload()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("row", name=re.compile("^B5 .*电话"))).to_be_visible()
    expect(dialog.get_by_role("row", name=re.compile("^A6 .*姓名"))).to_be_visible()

    with page.expect_download() as started:
        dialog.get_by_role("button", name="下载未导入的行").click()
    saved = tmp_path / "rows.csv"
    started.value.save_as(saved)
    lines = saved.read_text("utf-8-sig").splitlines()
    assert lines[0] == "位置,列,原因"
    assert [line.split(",")[0] for line in lines[1:]] == ["B5", "A6"]


def test_a_check_writes_nothing_and_the_same_file_can_then_be_imported(sign_in: SignIn) -> None:
    page = sign_in("hq_admin")
    _upload(page, _file(), check_only=True)
    expect(page.get_by_text("检查完成，共 5 行，没有写入任何内容")).to_be_visible()
    page.get_by_role("button", name="再导入一份").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("咨询登记.csv")).to_be_visible()
    _choose_first_campus(page)
    dialog.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("导入完成，共 5 行")).to_be_visible()
    assert _count(page, "新建") == "2"


def test_columns_that_are_not_recognised_are_asked_for(sign_in: SignIn) -> None:
    page = sign_in("hq_admin")
    family = new_family()
    _upload(page, f"小主人公,打给谁\r\n{family.child},{family.phone}".encode())
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("请指明是哪一列")).to_be_visible()
    for field, header in (("孩子姓名", "小主人公"), ("电话", "打给谁")):
        dialog.get_by_role("combobox", name=field).fill(header)
        page.keyboard.press("Enter")
    dialog.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("导入完成，共 1 行")).to_be_visible()
    assert _count(page, "新建") == "1"


def test_a_file_of_another_kind_is_refused_before_it_is_sent(sign_in: SignIn) -> None:
    page = sign_in("hq_admin")
    page.get_by_role("button", name="导入").first.click()
    dialog = page.get_by_role("dialog")
    file = FilePayload(name="照片.pdf", mimeType="application/pdf", buffer=b"%PDF")
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_text("只能导入 .xlsx 或 .csv 文件")).to_be_visible()
    expect(dialog.get_by_role("button", name="开始导入")).to_be_disabled()


def test_people_who_may_not_import_see_no_button(sign_in: SignIn) -> None:
    page = sign_in("course_advisor")
    expect(page.get_by_role("searchbox", name="搜索线索")).to_be_visible()
    expect(page.get_by_role("button", name="导入")).to_have_count(0)
