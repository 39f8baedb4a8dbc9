"""The documentation of a rule set is a page of it, and can be taken out."""


def test_the_documentation_is_a_page_and_a_file(ana):
    page = ana.get("/rulesets/orders/documentation")
    assert page.status_code == 200
    assert 'id="map-order_to_work"' in page.text and "an urgent order is urgent work" in page.text
    file = ana.get("/rulesets/orders/documentation.html")
    assert file.status_code == 200 and "attachment" in file.headers["Content-Disposition"]
    assert "<script" not in file.text


def test_the_rule_set_leads_to_it(ana):
    assert "/rulesets/orders/documentation" in ana.get("/rulesets/orders").text
