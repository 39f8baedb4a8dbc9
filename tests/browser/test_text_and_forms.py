"""The editor and the forms under the hands of somebody: typing, completing, clicking, moving by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.commands.starter import starter_files
from app.design import rulesets

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILE = "maps/orders.mw"
TABLE = """\
use schema plant.work_order "v1"

table shift policy unique
  | row | urgency: urgency | size: integer => shift: text | extra: boolean |
  | r1  | urgent           | -              => "early"    | true           |
  | r2  | normal           | < 10           => "late"     | false          |
  | r3  | normal           | >= 10          => "early"    | false          |
end
"""


@pytest.fixture
def orders(house, request):
    """A fresh copy of the starter rule set, named after the test."""
    name = re.sub(r"\W", "-", request.node.name.lower())[:60]
    files = {path: text.encode() for path, text in starter_files(name).items()}
    with house.installation.database.begin() as tx:
        return rulesets.create_ruleset(tx, {**files, "tables/shift.mw": TABLE.encode()}, "setup").name


def text_of(house, name, path=FILE):
    with house.installation.database.read() as connection:
        return rulesets.read_file(connection, name, path).content.decode()


def saved(page: Page):
    """Waits for the answer to the next change."""
    return page.expect_response(
        lambda answer: (
            answer.request.method == "POST" and "/complete" not in answer.url and "/names/" not in answer.url
        )
    )


def go_to_line(page: Page, number: int) -> None:
    page.locator(".cm-line").nth(number - 1).click()
    page.keyboard.press("End")


def with_control(page: Page, words: str) -> None:
    """Ctrl-click on words of the text."""
    place = page.evaluate(
        """words => {
          const walker = document.createTreeWalker(document.querySelector(".cm-content"), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(words);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at + 2);
            range.setEnd(node, at + 3);
            const box = range.getBoundingClientRect();
            return { x: box.x + 1, y: box.y + box.height / 2 };
          }
        }""",
        words,
    )
    page.keyboard.down("Control")
    page.mouse.click(place["x"], place["y"])
    page.keyboard.up("Control")


def line_number(house, name, words):
    return next(n for n, line in enumerate(text_of(house, name).splitlines(), 1) if words in line)


def test_findings_come_while_typing_and_go_with_a_fix(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/files/{FILE}")
    expect(page.locator("#preview")).to_contain_text("WO-1001")
    go_to_line(page, line_number(house, orders, 'id       = "WO-" & o.number'))
    page.keyboard.press("Backspace")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(page.locator(".cm-lintRange-error")).to_have_text(re.compile("numbe"))
    page.get_by_role("tab", name="Findings").click()
    problem = page.locator("[data-problems] li")
    expect(problem).to_contain_text("numbe")
    page.keyboard.press("Escape")
    go_to_line(page, line_number(house, orders, 'id       = "WO-" & o.number'))
    page.keyboard.type("r")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(0)
    assert "o.number" in text_of(house, orders), "nothing was saved by typing"


def test_names_are_followed_listed_and_renamed_in_every_file(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/files/rules/planning.mw")
    expect(page.locator("[data-problem-count]")).to_have_text("0")
    with_control(page, "to_plant")
    page.wait_for_url(f"**/files/{FILE}#line-*")
    line = line_number(house, orders, "map to_plant")
    assert page.url.endswith(f"#line-{line}")
    expect(page.locator("[data-problem-count]")).to_have_text("0")
    go_to_line(page, line)
    page.keyboard.press("Home")
    for _ in "map to":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    pane = page.locator("[data-names]")
    expect(pane.locator("li")).to_have_count(2)
    expect(pane.get_by_label("New name")).to_be_focused()
    pane.get_by_label("New name").fill("end")
    page.keyboard.press("Enter")
    expect(pane).to_contain_text("word of the language")
    pane.get_by_label("New name").fill("for_plant")
    page.keyboard.press("Enter")
    expect(pane).to_contain_text("Renamed at 2 places in 2 files")
    expect(page.locator(".cm-content")).to_contain_text("map for_plant")
    assert "using for_plant" in text_of(house, orders, "rules/planning.mw")
    assert "map for_plant" in text_of(house, orders)
    expect(page.locator("[data-problem-count]")).to_have_text("0")


def test_the_preview_follows_the_text_and_tells_why(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/files/{FILE}")
    expect(page.locator("#preview")).to_contain_text("WO-1001")
    go_to_line(page, line_number(house, orders, 'id       = "WO-" & o.number'))
    page.keyboard.type(' & "-X"')
    expect(page.locator("#preview")).to_contain_text("WO-1001-X")
    page.locator("#preview button.value", has_text="WO-1001-X").click()
    expect(page.locator("#why")).to_contain_text("o.number")
    page.on("dialog", lambda dialog: dialog.accept())


def test_completion_offers_the_fields_of_the_schema(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/files/{FILE}")
    go_to_line(page, line_number(house, orders, 'id       = "WO-" & o.number'))
    page.keyboard.type(" & o.pri")
    option = page.locator(".cm-tooltip-autocomplete li", has_text="priority")
    expect(option).to_be_visible()
    page.wait_for_timeout(200)  # an answer that comes too fast is not accepted by Enter
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_contain_text("o.number & o.priority")
    page.on("dialog", lambda dialog: dialog.accept())


def test_two_who_save_the_same_file_settle_it_side_by_side(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/files/{FILE}")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine\n")
    with house.installation.database.begin() as tx:
        theirs = rulesets.read_file(tx, orders, FILE).content.decode() + "# theirs\n"
        rulesets.write_file(tx, orders, FILE, theirs.encode(), "boris")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-conflict]")).to_contain_text("boris")
    assert "# mine" not in text_of(house, orders)
    page.locator(".cm-merge-b .cm-content").press("Control+End")
    page.keyboard.type("# theirs\n")
    page.get_by_role("button", name="Go on with the right side").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-dirty]")).to_have_text("Saved")
    assert text_of(house, orders).startswith("# mine\n")
    assert text_of(house, orders).endswith("# theirs\n")


def test_a_source_is_clicked_into_a_formula(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/maps/order_to_work")
    bar = page.get_by_label("Formula of the chosen row")
    page.locator('tr[data-target="id"]').get_by_role("textbox").click()
    expect(bar).to_have_text('"WO-" & o.number')
    bar.click()
    page.keyboard.press("End")
    page.keyboard.type(" & ")
    page.locator('button[data-path="o.priority"]').click()
    expect(bar).to_have_text('"WO-" & o.number & o.priority')
    with saved(page):
        page.keyboard.press("Enter")
    expect(page.locator('tr[data-target="id"] .result')).to_have_text("WO-10011")
    assert "o.number & o.priority" in text_of(house, orders)


def test_what_happens_on_a_failure_is_chosen(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/maps/order_to_work")
    page.locator('tr[data-target="urgency"]').get_by_role("textbox").click()
    page.get_by_label("Value to use on no match").fill("urgent")
    with saved(page):
        page.get_by_label("Value to use on no match").press("Tab")
    expect(page.locator('tr[data-target="urgency"] .handling')).to_contain_text("no match: use urgent")
    assert "on no_match use urgent warn" in text_of(house, orders)


def test_a_required_field_that_is_not_mapped_is_mapped_by_typing(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/maps/order_to_work")
    row = page.locator('tr[data-target="urgency"]')
    row.get_by_role("textbox").click()
    with saved(page):
        page.get_by_role("button", name="Remove row").click()
    expect(row).to_have_class(re.compile("unset"))
    row.get_by_role("textbox").fill("normal")
    with saved(page):
        row.get_by_role("textbox").press("Enter")
    expect(row.locator(".result")).to_have_text("normal")
    assert re.search(r"^  urgency += normal$", text_of(house, orders), re.M)


def test_a_colleague_who_saved_first_is_not_overwritten(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/maps/order_to_work")
    with house.installation.database.begin() as tx:
        theirs = rulesets.read_file(tx, orders, FILE).content.decode() + "# theirs\n"
        rulesets.write_file(tx, orders, FILE, theirs.encode(), "boris")
    cell = page.locator('tr[data-target="id"]').get_by_role("textbox")
    cell.fill('"W-" & o.number')
    with saved(page):
        cell.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("boris")
    assert '"W-"' not in text_of(house, orders)
    with saved(page):
        page.get_by_role("button", name="Make my change on top of theirs").click()
    expect(page.locator('tr[data-target="id"] .result')).to_have_text("W-1001")
    assert text_of(house, orders).endswith("# theirs\n")


def test_a_table_is_edited_by_keyboard(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/tables/shift")
    cell = page.get_by_label("size of r2")
    cell.focus()
    page.keyboard.type("< 20")
    with saved(page):
        page.keyboard.press("Enter")
    expect(page.get_by_label("size of r3")).to_be_focused()
    expect(page.locator(".strip .badge.error").first).to_be_visible()
    page.keyboard.type(">= 20")
    with saved(page):
        page.keyboard.press("Enter")
    expect(page.get_by_text("no findings")).to_be_visible()
    with saved(page):
        page.get_by_role("button", name="Add a row below r3").click()
    expect(page.locator("tbody").first.locator("tr")).to_have_count(4)
    with saved(page):
        page.get_by_role("button", name="Move r4 up").click()
    with saved(page):
        page.get_by_role("button", name="Remove r4").click()
    expect(page.get_by_text("no findings")).to_be_visible()
    text = text_of(house, orders, "tables/shift.mw")
    assert re.findall(r"\| (r\d)", text) == ["r1", "r2", "r3"]
    assert re.search(r"r2 .*< 20", text)


def test_cells_are_pasted_from_a_spreadsheet(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/tables/shift")
    page.get_by_label("size of r2").focus()
    with saved(page):
        page.evaluate(
            """() => {
                const data = new DataTransfer();
                data.setData("text/plain", "< 5\\t\\"night\\"\\n>= 5\\t\\"noon\\"\\n");
                document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
            }"""
        )
    expect(page.get_by_label("shift of r3")).to_have_value('"noon"')
    text = text_of(house, orders, "tables/shift.mw")
    assert re.search(r'r2 .*< 5 .*"night"', text)


RULES = """\
use schema plant.work_order "v1"

rules shop : w in plant.work_order
  rule urgent
    when w.priority = "high"
    then alert planning "urgent"
  end
end
"""


def test_a_rule_is_written_on_its_card_and_taken_back_with_ctrl_z(house, visit, orders):
    with house.installation.database.begin() as tx:
        rulesets.write_file(tx, orders, "rules/shop.mw", RULES.encode(), "setup")
    page = visit("ana", f"/rulesets/{orders}/rules/shop")
    page.get_by_label("Condition of urgent").fill('w.priority = "top"')
    with saved(page):
        page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("late")
    page.get_by_label("Then", exact=True).fill('alert planning "late"')
    with saved(page):
        page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_label("Action 1 of late")).to_have_value('alert planning "late"')
    page.locator("h1").click()
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Name of rule late")).to_have_count(0)
    assert text_of(house, orders, "rules/shop.mw") == RULES.replace('"high"', '"top"')


def test_a_column_is_added_to_a_table_by_form(house, visit, orders):
    page = visit("ana", f"/rulesets/{orders}/tables/shift")
    page.get_by_label("New column").fill("hall")
    page.get_by_label("Type", exact=True).fill("text?")
    with saved(page):
        page.get_by_role("button", name="Add column").click()
    expect(page.get_by_label("hall of r1")).to_have_value("-")
    assert "size: integer | hall: text? =>" in text_of(house, orders, "tables/shift.mw")
