"""How the page of an evaluation looks: plain, readable at any width, by day and by night."""

STYLE = """
:root{color-scheme:light dark;--ground:#fbfbf9;--card:#fff;--ink:#1c1d20;--quiet:#5c6068;--rule:#d9dadd;--fault:#a3260f;
--s0:#3f6f4a;--s1:#a35a00;--s2:#1f57a8;--s3:#8a2f86}
@media(prefers-color-scheme:dark){:root{--ground:#15171a;--card:#1d2024;--ink:#e9eaec;--quiet:#a3a8b0;--rule:#3a3e45;--fault:#ff9a86;
--s0:#83c795;--s1:#f0ab55;--s2:#86b6ff;--s3:#e39be0}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0}
h2{font-size:1.3rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--rule);padding-bottom:.2rem}
h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
p{margin:.3rem 0;max-width:60rem}
.quiet,.interval{color:var(--quiet);font-size:.85em;font-weight:normal}
.interval{white-space:nowrap}
.fault{color:var(--fault)}
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:.5rem;margin:.6rem 0}
.wide:focus-visible{outline:3px solid var(--s2)}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.5rem .7rem;color:var(--quiet)}
th,td{text-align:left;vertical-align:top;padding:.4rem .7rem;border-top:1px solid var(--rule);min-width:5.6rem}
tbody th{font-weight:normal;min-width:9.5rem;position:sticky;left:0;background:var(--card)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.8rem;margin:.8rem 0}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.6rem .7rem .2rem}
figcaption{font-size:.92rem}
svg{display:block;width:100%;height:auto;max-width:34rem}
svg text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg .tick{fill:var(--quiet);font-size:11px}
svg line,svg .line{stroke-width:2;fill:none}
svg .grid{stroke:var(--rule);stroke-width:1}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}
.s0.dot{fill:var(--s0)}.s1.dot{fill:var(--s1)}.s2.dot{fill:var(--s2)}.s3.dot{fill:var(--s3)}
.sounds{list-style:none;padding:0;margin:.4rem 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.8rem}
.sounds li{background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.6rem .8rem;overflow-wrap:anywhere}
.who{color:var(--quiet);font-size:.85em}
audio{width:100%;margin-top:.4rem}
summary{cursor:pointer;padding:.4rem 0}
"""
