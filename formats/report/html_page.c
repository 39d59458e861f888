#include "formats/report/html.h"

#include "base/bytes.h"

/* The browser runs this script only, by its hash: pages are made of names from untrusted files. The
 * hash is base64 of sha256 of the script; tests/formats/report/test_html_hash.py compares. */
#define SCRIPT_HASH "sha256-FJlDMqN8A7clupz1pmW5HY2giQyPPOxWtBJgLcBufSc="

static const char script[] =
    "document.querySelectorAll('th button').forEach(function(b){b.onclick=function(){"
    "var th=b.parentNode,i=th.cellIndex,t=th.closest('table'),"
    "up=th.getAttribute('aria-sort')==='descending',r=Array.from(t.tBodies[0].rows);"
    "r.sort(function(x,y){var a=x.cells[i].dataset.v,c=y.cells[i].dataset.v,"
    "d=a===undefined?x.cells[i].textContent.localeCompare(y.cells[i].textContent):a-c;"
    "return up?d:-d;});"
    "t.querySelectorAll('th').forEach(function(h){h.removeAttribute('aria-sort');});"
    "th.setAttribute('aria-sort',up?'ascending':'descending');"
    "r.forEach(function(row){t.tBodies[0].appendChild(row);});};});";

/* In two pieces, since a compiler need not take longer ones. */
static const char style[] =
    ":root{--bg:#fff;--fg:#1c2127;--dim:#59636e;--line:#d8dee4;--soft:#f5f7f9;--good:#14703f;"
    "--goodbg:#e6f4ec;--bad:#b3261e;--badbg:#fbeae9;--care:#8a5a00;--carebg:#fdf3dc;"
    "--before:#aab4bf;--after:#2464ad;--t0:#2464ad;--t1:#c27a12;--t2:#6b7f3a;--t3:#8b5fa8}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ed;--dim:#9aa5b1;"
    "--line:#333b45;--soft:#1c2229;--good:#5fcf92;--goodbg:#173526;--bad:#ff8a80;"
    "--badbg:#3d1f1d;--care:#e8b75a;--carebg:#362a12;--before:#5d6874;--after:#6aa5ea;"
    "--t0:#6aa5ea;--t1:#e0a452;--t2:#a3bb63;--t3:#c097de}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1100px;padding:20px 16px 48px;background:var(--bg);"
    "color:var(--fg);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;"
    "font-variant-numeric:tabular-nums}\n"
    "h1,h2,h3,p{margin:0}h2{font-size:1.1rem;margin:36px 0 2px}h3{font-size:1rem;margin:20px 0 4px}"
    "\n"
    ".kick,.hint,.axis,figcaption{color:var(--dim);font-size:.87rem}.hint{margin:0 0 10px;"
    "max-width:75ch}\n"
    ".verdict{margin:10px 0 18px;padding:14px 18px;border-left:6px solid var(--dim);"
    "border-radius:6px;background:var(--soft)}.verdict h1{font-size:1.05rem;font-weight:600;"
    "line-height:1.4;overflow-wrap:anywhere}.verdict p{margin-top:6px}\n"
    ".verdict b{display:block;font-size:1.45rem;line-height:1.2;margin-bottom:4px;"
    "color:var(--dim)}\n"
    ".reasons{list-style:none;margin:10px 0 0;padding:0}.reasons li{display:flex;gap:8px;"
    "margin-top:4px}.reasons i{font-style:normal;font-weight:700;width:1em;flex:none}"
    ".reasons .yes i{color:var(--good)}.reasons .no i{color:var(--bad)}"
    ".reasons .open i{color:var(--care)}\n"
    ".verdict.caution{border-color:var(--care);background:var(--carebg)}.verdict.caution b{"
    "color:var(--care)}\n"
    ".verdict.good{border-color:var(--good);background:var(--goodbg)}.verdict.good b,"
    ".good{color:var(--good)}.verdict.good,.verdict.bad{color:var(--fg)}\n"
    ".verdict.bad{border-color:var(--bad);background:var(--badbg)}.verdict.bad b,.bad{"
    "color:var(--bad)}\n"
    ".tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px}\n"
    ".tile{border:1px solid var(--line);border-radius:8px;padding:12px 14px;min-width:0}"
    ".tile h2{margin:0;font-size:.87rem;font-weight:500;color:var(--dim)}"
    ".tile .big{font-size:1.45rem;font-weight:650;line-height:1.25}.tile .sub{font-size:.87rem}"
    ".tile .sub,.tile .hint{margin:2px 0 0}\n"
    ".band{display:block;width:100%;height:26px;margin-top:8px;overflow:visible}"
    ".band text{font-size:11px;fill:var(--dim)}\n";
static const char style_of_parts[] =
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.87rem}"
    "th,td{padding:5px 8px;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}th{color:var(--dim);font-weight:600}td.n,th.n{text-align:right;"
    "white-space:nowrap}td.name{overflow-wrap:anywhere;min-width:9em}td .hint{margin:0}"
    "td.why{min-width:15em}\n"
    "th button{all:unset;cursor:pointer;text-decoration:underline dotted}th button:focus-visible{"
    "outline:2px solid var(--after)}th[aria-sort=descending] button::after{content:\" \\2193\"}"
    "th[aria-sort=ascending] button::after{content:\" \\2191\"}\n"
    ".bars{display:grid;grid-template-columns:minmax(7em,19em) 1fr auto;gap:3px 10px;"
    "align-items:center;font-size:.87rem}.bars .l{overflow-wrap:anywhere;line-height:1.25}"
    ".bars svg{display:block;width:100%;height:16px}.bars .v{text-align:right;white-space:nowrap}"
    ".bars small{color:var(--dim)}\n"
    ".key{display:flex;flex-wrap:wrap;gap:4px 16px;margin:0 0 8px;font-size:.87rem;"
    "color:var(--dim)}.key i{display:inline-block;width:11px;height:11px;margin-right:5px;"
    "border-radius:2px}\n"
    ".plot{height:280px;margin:4px 14px 44px 62px}.plot svg{width:100%;height:100%;"
    "overflow:visible;display:block}.plot .grid{stroke:var(--line)}.plot text{font-size:12px;"
    "fill:var(--fg)}.plot text.tick,.plot text.axis{fill:var(--dim)}"
    ".plot .roof{stroke:var(--dim);stroke-width:1.5;stroke-dasharray:5 4}"
    ".plot .front{stroke:var(--after);stroke-dasharray:3 3}.plot .err{stroke:var(--dim)}\n"
    ".before{fill:var(--before);background:var(--before)}.after{fill:var(--after);"
    "background:var(--after)}.t0{fill:var(--t0);background:var(--t0)}.t1{fill:var(--t1);"
    "background:var(--t1)}.t2{fill:var(--t2);background:var(--t2)}.t3{fill:var(--t3);"
    "background:var(--t3)}.tone-good{fill:var(--good)}.tone-bad{fill:var(--bad)}"
    ".tone-plain{fill:var(--dim)}.dot{fill-opacity:.65}\n"
    ".two{display:grid;grid-template-columns:1fr 1fr;gap:0 28px}.two>section{min-width:0}\n"
    "ul{margin:4px 0;padding-left:20px}li{overflow-wrap:anywhere}footer{margin-top:40px;"
    "padding-top:10px;border-top:1px solid var(--line)}details summary{cursor:pointer;"
    "color:var(--dim)}code{overflow-wrap:anywhere}\n"
    "@media(max-width:820px){.tiles{grid-template-columns:1fr 1fr}.two{grid-template-columns:1fr}"
    "}\n"
    "@media(max-width:480px){.tile{padding:10px}.tile .big{font-size:1.15rem}.bars{"
    "grid-template-columns:minmax(6em,38%) 1fr auto;gap:6px 8px}.plot{margin-left:56px;"
    "height:230px}}\n"
    "@media print{th button{text-decoration:none}}\n";

static void put_title(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    pare_doc_put(doc, "<title>");
    if (after) {
        pare_html_name(doc, after->name, 50);
        pare_doc_put(doc, " against ");
    }
    pare_html_name(doc, r->models[0].name, 50);
    pare_doc_put(doc, " - pare ");
    pare_doc_html(doc, r->verb);
    pare_doc_put(doc, "</title>\n");
}

void pare_html_head(pare_doc *doc, const pare_report *r)
{
    pare_doc_put(doc,
                 "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'; script-src '" SCRIPT_HASH "'\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n");
    put_title(doc, r);
    pare_doc_put(doc, "<style>\n");
    pare_doc_put(doc, style);
    pare_doc_put(doc, style_of_parts);
    pare_doc_put(doc, "</style>\n</head>\n<body>\n<p class=\"kick\">pare ");
    pare_doc_html(doc, r->verb);
    for (size_t i = 0; i < r->n_targets; i++) {
        pare_doc_put(doc, i ? ", " : " on ");
        pare_doc_html(doc, r->targets[i].name);
        pare_doc_format(doc, " version %lld", (long long)r->targets[i].version);
    }
    if (r->shapes && *r->shapes) {
        pare_doc_put(doc, "; inputs ");
        pare_html_name(doc, r->shapes, 120);
    }
    pare_doc_put(doc, "</p>\n<main>\n");
}

void pare_html_foot(pare_doc *doc, const pare_report *r)
{
    const char *const kind = r->targets[0].kind;
    const char *const boundary = r->targets[0].boundary;
    pare_doc_put(doc, "</main>\n<footer class=\"hint\">");
    if (kind) {
        pare_doc_put(doc, "Energy and time are ");
        pare_doc_html(doc, kind);
        if (boundary) {
            pare_doc_put(doc, ", of the ");
            pare_doc_html(doc, boundary);
        }
        pare_doc_put(doc, "; ranges go from the 10th to the 90th percentile of what the target's "
                          "numbers leave open. Ratios are narrower than the figures themselves, "
                          "since what both models share cancels. ");
    }
    pare_doc_put(doc, "One MAC is two FLOPs. Written by pare ");
    pare_doc_html(doc, r->tool_version);
    pare_doc_put(doc, "; all figures are in report.json.");
    if (r->reproduce) {
        pare_doc_put(doc, "<br>Again: <code>");
        pare_doc_html(doc, r->reproduce);
        pare_doc_put(doc, "</code>");
    }
    pare_doc_put(doc, "</footer>\n<script>");
    pare_doc_put(doc, script);
    pare_doc_put(doc, "</script>\n</body>\n</html>\n");
}

void pare_html_name(pare_doc *doc, const char *name, size_t columns)
{
    char *const cut = pare_doc_cut(doc, name, columns);
    const bool whole = cut && pare_str_eq(cut, pare_str_or_empty(name));
    if (cut && !whole && strlen(name) < 2000) {
        pare_doc_put(doc, "<span title=\"");
        pare_doc_html(doc, name);
        pare_doc_put(doc, "\">");
        pare_doc_html(doc, cut);
        pare_doc_put(doc, "</span>");
    } else {
        pare_doc_html(doc, cut);
    }
    pare_free(doc->ctx, cut);
}

const char *pare_html_tone(pare_tone tone)
{
    return tone == PARE_TONE_GOOD      ? "good"
           : tone == PARE_TONE_BAD     ? "bad"
           : tone == PARE_TONE_CAUTION ? "caution"
                                       : "plain";
}
