# report.json keeps to its schema, and the page's script is the one that its policy admits.
. "$SUPPORT/cli.sh"

schema=$SUPPORT/../../docs/report.schema.json
check() { python3 "$SUPPORT/schema_check.py" "$schema" "$1" || die "$1: not by the schema"; }

cp "$TESTDATA"/models/*.onnx "$TESTDATA"/models/tiny_external.* . 2>/dev/null
for model in *.onnx; do
    expect 0 inspect "$model" --report one -q
    check one/report.json
done
expect 0 compare tiny_residual.onnx tiny_*.onnx --target ort-x64,ort-arm64 --report many -q \
    --use volume=1M/day,grid=FRA
check many/report.json
expect 1 compare tiny_residual.onnx tiny_qdq.onnx --max-size 1B --max-energy 1kJ --json \
    --baseline many/report.json --max-regress energy=1%,accuracy=1
cp out two.json
check two.json
python3 - <<'END' && die "the check takes anything"
import json, subprocess, sys, os
report = json.load(open("two.json"))
report["before"]["macs"] = -1
json.dump(report, open("bad.json", "w"))
sys.exit(subprocess.run([sys.executable, os.environ["SUPPORT"] + "/schema_check.py",
                         os.environ["SUPPORT"] + "/../../docs/report.schema.json",
                         "bad.json"]).returncode)
END

python3 - <<'END' || die "the page is not what it should be"
import base64, hashlib, html.parser, re

class Page(html.parser.HTMLParser):
    VOID = {"meta", "br", "img", "link", "input", "hr"}
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.script = [], [], ""
    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        assert not {"src", "href", "action", "onclick", "onerror"} & set(names), names
        if tag not in self.VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attributes):
        pass
    def handle_endtag(self, tag):
        if tag not in ("p", "li"):
            while self.open[-1] in ("p", "li"):
                self.open.pop()
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.script += data

for name in "one/report.html", "many/report.html":
    text = open(name, encoding="utf-8").read()
    page = Page()
    page.feed(text)
    assert page.open == [], page.open
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text, digest
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|url\(|@import", text), name
END
