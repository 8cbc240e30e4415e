"""Makes jinja_cases.json: templates with the output that jinja2 gives as transformers sets it up (pip install transformers jinja2).

    python3 tests/unit/text/jinja_cases.py > tests/unit/text/jinja_cases.json

A case without "text" must fail. The clock stands at 2026-03-05 14:30:00."""
import datetime
import json
import transformers.utils.chat_template_utils as chat


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 5, 14, 30, 0)


chat.datetime = Clock
VARIABLES = {'s': 'Hello World',
 'e': '',
 'u': 'Straße Ünïcödé ΑΣ ǆ 日本',
 'n': 3,
 'neg': -7,
 'z': 0,
 'f': 2.5,
 'big': 123456789012345678901234567890,
 't': True,
 'fa': False,
 'no': None,
 'l': [3, 1, 2],
 'ls': ['b', 'A', 'c', 'a'],
 'el': [],
 'd': {'b': 1, 'a': 2, 'C': 3},
 'ed': {},
 'lt': [[1, 2], [3, 4]],
 'ld': [{'n': 'x', 'v': 1, 'o': {'k': 5}}, {'n': 'Y', 'v': 2}, {'n': 'x', 'v': 3}],
 'ml': ' a b\n c\td \r\n e\n',
 'html': '<a href=\'x\'>T & "q"</a>',
 'num': '42.7',
 'hex': '0x1F',
 'messages': [{'role': 'user', 'content': 'hi', 'thinking': 'hm'}],
 'bos_token': '<s>',
 'q': "it's",
 'qq': 'a"b\'c\\d\n\x7f\u200b',
 'nested': {'a': {'b': [1, {'c': None}]}},
 'fl': 1e+22,
 'fs': 1e-07,
 'umax': 18446744073709551615,
 'neg0': -0.0,
 'items': {'items': 5, 'keys': 1}}

STATEMENTS = r'''
{% for i in l %}{{ i }}{% else %}none{% endfor %}
{% for i in el %}{{ i }}{% else %}none{% endfor %}
{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% else %}E{% endfor %}
{% for i in l %}{% break %}{{ i }}{% else %}E{% endfor %}
{% for i in l %}{{ i }}{% break %}{% else %}E{% endfor %}
{% for i in l %}{{ i }}{% if i==1 %}{% break %}{% endif %}{% else %}E{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}{{ loop.length }}{{ i }}{% else %}none{% endfor %}
{% for i in l if i > 10 %}{{ i }}{% else %}none{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for a, b in lt %}{{ a + b }};{% endfor %}
{% for (a, b) in lt %}{{ a + b }};{% endfor %}
{% for a, (b, c) in [(1,(2,3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in l %}{% endfor %}
{% for a, b in [(1,2,3)] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for x in undef %}{{ x }}{% else %}E{% endfor %}
{% for x in "aé日" %}{{ loop.index0 }}{{ x }}{% endfor %}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}|{% endfor %}
{% for x in l %}{{ loop.previtem }}-{{ x }}-{{ loop.nextitem }};{% endfor %}
{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}
{% for x in l %}{{ loop.cycle("a","b") }}{% endfor %}
{% for x in [1,1,2,2,1] %}{{ loop.changed(x) }}{% endfor %}
{% for x in l %}{{ loop.changed() }}{% endfor %}
{% for x in l %}{{ loop.cycle() }}{% endfor %}
{% for x in [[1,[2]],[3]] recursive %}{% if x is iterable %}<{{ loop(x) }}>{% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}
{% for x in l %}{{ loop(x) }}{% endfor %}
{% for x in l recursive %}{{ loop.depth0 }}{% else %}E{{ x is defined }}{% endfor %}
{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for x in l %}{% for y in [] %}{% else %}{{ loop.index }}{% endfor %}{% endfor %}
{% for x in ls|map("upper") %}{{ x }}{{ loop.last }}{{ loop.length }}{% endfor %}
{% for x in ld|selectattr("v","gt",1) %}{{ x.n }}{{ loop.revindex }}{% endfor %}
{% set ns = namespace(f=true) %}{% for x in l if ns.f %}{{ x }}{% set ns.f = false %}{% endfor %}
{% set ns = namespace(f=true) %}{% for x in l if ns.f %}{{ x }}{{ loop.last }}{% set ns.f = false %}{% endfor %}
{% for x in l %}{{ x }}{% set x = 9 %}{{ x }}{% endfor %}{{ x is defined }}
{% set x = 1 %}{% for i in l %}{{ x }}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}
{% if false %}{% set n = 2 %}{% endif %}{{ n }}
{% for i in l %}{% if false %}{% set n = 2 %}{% endif %}{{ n }}{% endfor %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a, b = lt %}{{ a }}{{ b }}
{% set a = 1, 2 %}{{ a }}
{% set x %}a{{ n }}b{% endset %}{{ x }}
{% set x | upper | replace("A","_") %}a{{ n }}b{% endset %}{{ x }}
{% set x %}{% set n = 99 %}{{ n }}{% endset %}{{ x }}{{ n }}
{% set ns = namespace(a=1, b="x") %}{% set ns.a = ns.a + 1 %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}{{ ns }}
{% set ns = namespace({"a":1}, b=2) %}{{ ns.a }}{{ ns["b"] }}{{ ns.items }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set ns = namespace(_x=1) %}
{% set d.x = 1 %}
{% set undef.x = 1 %}
{% set ns = namespace() %}{% set ns.x, ns.y = 1, 2 %}{{ ns.x }}{{ ns.y }}
{% set ns = namespace() %}{% set ns.x %}abc{% endset %}{{ ns.x }}
{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1,3) }}|{{ f(1,c=5) }}|{{ f(b=1,a=2) }}|{{ f() }}
{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1,2,3,x=4) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1,2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(x=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1,a=2) }}
{% macro f(a=1, b) %}{% endmacro %}
{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}X{{ n }}{% endcall %}
{% macro f() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=5) f() %}X{{ a }}{{ b }}{% endcall %}
{% macro f() %}{% endmacro %}{% call f() %}X{% endcall %}
{% macro f() %}{{ caller is defined }}{% if caller %}{{ caller() }}{% endif %}{% endmacro %}{{ f() }}{% call f() %}X{% endcall %}
{% macro f(caller=none) %}{{ caller() if caller else "no" }}{% endmacro %}{{ f() }}{% call f() %}X{% endcall %}
{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x-1) }}{% endif %}{% endmacro %}{{ f(5) }}
{% macro f() %}{{ y }}{% endmacro %}{% set y = 5 %}{{ f() }}
{% macro f() %}{{ n }}{% set n = 100 %}{{ n }}{% endmacro %}{{ f() }}{{ n }}
{% for i in l %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}
{% macro f(a) %}x{% endmacro %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f }}
{% macro f(a) %}x{% endmacro %}{{ f("a")|upper }}{{ [f(1), f(2)] }}
{% call(x) [1,2] %}{% endcall %}
{% call l() %}{% endcall %}
{% filter upper %}abc{{ n }}{% endfilter %}
{% filter replace("a","b")|upper %}abc{% endfilter %}
{% filter indent(2) %}a
b{% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% with n = 1, b = n %}{{ n }}{{ b }}{% endwith %}{{ n }}
{% with %}{% set q2 = 1 %}{{ q2 }}{% endwith %}{{ q2 is defined }}
{% generation %}a{{ n }}{% set z2 = 1 %}{% endgeneration %}{{ z2 is defined }}
{% for x in l %}{% generation %}{{ loop.index }}{{ x }}{% endgeneration %}{% endfor %}
{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
{% raw %}{{ x }}{% if %}{% endraw %}
{%- raw -%}  {{ x }}  {%- endraw -%}  y
a {# comment #} b {#- c -#} d
{# a #}
b
  {# a #}
b
{% block x %}B{{ n }}{% endblock %}
{% block x %}B{% endblock x %}
{% set v = 3 %}{% block x %}{{ v }}{% endblock %}
{% for i in l %}{% block x scoped %}{{ i }}{% endblock %}{% endfor %}
{% for i in l %}{% block y %}{{ i }}{% endblock %}{% endfor %}
{% if n == 3 %}a{% elif n == 4 %}b{% else %}c{% endif %}
{% if n == 4 %}a{% elif n == 3 %}b{% else %}c{% endif %}
{% if n == 4 %}a{% elif n == 5 %}b{% else %}c{% endif %}
{% if n is defined and n > 2 or undef.x %}a{% endif %}
{{ 1 if n else 2 }}{{ 1 if z else 2 }}[{{ 1 if z }}]
{{ (1 if z).foo }}
{{ "a" if n == 1 else "b" if n == 2 else "c" }}
{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 1 == 1.0 == true }}
{{ not n == 3 }}{{ not (n == 3) }}{{ n not in l }}{{ not n in l }}
{{ -2 ** 2 }}{{ 2 ** 3 ** 2 }}{{ 2 ** -1 }}{{ 10 // 3 * 2 }}{{ 7 % -3 }}{{ -7 // 2 }}{{ 7.5 // 2 }}{{ -7.5 % 2 }}
{{ 1 + 2 ~ 3 + 4 }}{{ "a" ~ 1 + 2 }}
{{ n|abs + 1 }}{{ -n|abs }}{{ (-n)|abs }}
{{ "a" "b" 'c' }}
{{ "\n\t\x41\u00e9\U0001F600\101\q\'\"\\" }}
{{ 'a\
b' }}
{{ "é\é" }}
{{ 0x1F }}{{ 0b101 }}{{ 0o17 }}{{ 1_000 }}{{ 1e3 }}{{ 1.5e-3 }}{{ 1_0.5 }}{{ 123456789012345678901234567890 }}{{ 0xFFFFFFFFFFFFFFFFFF }}
{{ 01 }}
{{ 1.foo }}
{{ 1.5.foo }}
{{ l.0 }}{{ lt.1.0 }}
{{ d.a }}{{ d["a"] }}{{ d.zz }}{{ d["zz"] }}{{ d.get("a") }}{{ d.get("q", 5) }}
{{ d.items()|list }}{{ items.items }}
{{ items["items"] }}{{ items["keys"] }}
{{ l[1:2] }}{{ l[:-1] }}{{ l[::2] }}{{ l[5:] }}{{ l[-2:] }}{{ s[1:4] }}{{ s[::-2] }}{{ u[3:7] }}{{ u[-1] }}{{ u[::3] }}{{ l[1:][0] }}
{{ l["a"] }}{{ l[10] }}{{ l[none] }}{{ d[l] }}{{ s["upper"]() }}
{{ l[undef] }}
{{ undef[0] }}
{{ undef.x }}
{{ undef() }}
{{ s() }}
{{ s.nosuch() }}
{{ none.x }}
{{ none.x.y }}
{{ [] + [1] }}{{ (1,) + (2,) }}{{ [1] * 3 }}{{ "ab" * 2 }}{{ 2 * "ab" }}{{ [0] * -1 }}
{{ {"a":1, "b":2, "a":3} }}{{ {} }}{{ {1: "x", 1.0: "y", true: "z"} }}
{{ {"a":[1,{"b":(1,)}],} }}{{ [1,2,] }}{{ (1,2,) }}
{{ dict(a=1, b=2) }}{{ dict([("a",1)]) }}{{ dict({"x":1}, y=2) }}{{ dict(1) }}
{{ dict(**d) }}{{ dict(*[{"a":1}], **{"q":2}) }}
{{ range(5)|list }}{{ range(1,5)|list }}{{ range(5,1,-2)|list }}{{ range(0) }}{{ range(3) }}{{ range(1,10,3) }}{{ range(10)[2:5] }}{{ range(10)[3] }}
{{ range(100001) }}
{{ range("a") }}
{{ range(1.5) }}
{{ range(1, 2, 0) }}
{% set c = cycler("a", "b") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}
{% set j = joiner("|") %}{{ j() }}a{{ j() }}b{{ j() }}
{{ strftime_now("%d %b %Y %H:%M:%S %A %j %y %p %I %-d %-m %e %% %B %U %w %f %z%Z %F %T %D %c %x %X %G-%V %u %h %n%t %C %10Y %_d %^a %#a %Q %") }}
{{ raise_exception("boom " ~ n) }}
{{ raise_exception() }}
{{ messages[0].thinking }}{{ messages[0].reasoning_content }}{{ messages }}
{{ tools }}{{ documents }}{{ add_generation_prompt }}{{ tools is none }}{{ now is defined }}
{{ loop }}
{{ super() }}
{{ caller }}
{% include "x" %}
{% import "x" as y %}
{% extends "x" %}
{% from "x" import y %}
{% if false %}{% include "x" %}{% endif %}ok
{% if false %}{{ 1|nosuch }}{% endif %}ok
{% if false %}{{ 1 is nosuch }}{% endif %}ok
{{ 1|nosuch if false else "ok" }}
{% if false %}{% for i in l %}{{ 1|nosuch }}{% endfor %}{% endif %}ok
{% do l.append(1) %}
{% debug %}
{% print 1, 2 %}
{% print n %}
{% autoescape false %}{{ html }}{% endautoescape %}
{{ }}
{{ n
{% if %}x{% endif %}
{% for %}{% endfor %}
{% for x %}{% endfor %}
{% endif %}
{% if n %}
{% elif %}
{% set %}
{% set x = %}
{% set 1 = 2 %}
{% set x.y.z = 2 %}
{% set true = 2 %}
{% for true in l %}{% endfor %}
{% for loop in l %}{% endfor %}
{{ a b }}
{{ n..x }}
{{ n. }}
{{ (1, 2 }}
{{ [1, 2) }}
{{ 'abc }}
{{ $ }}
{{ n ! }}
{{ n & 1 }}
{{ n is }}
{{ n is not defined }}{{ undef is not defined }}{{ n is not none }}{{ n is divisibleby 3 and true }}
{{ n is defined is defined }}
{{ n is sameas n is true }}
{{ n is in [3] }}{{ n is not in [3] }}{{ n is in(l) }}
{{ n is eq 3 }}{{ s is string and s is not number }}
{{ f(1, *[2], 3) }}
{{ f(a=1, 2) }}
{{ dict(a=1, a=2) }}
{{ dict(a=1, **{"a":2}) }}
{{ s.split(*["l"], **{"maxsplit": 1}) }}
{{ s.replace("l", "L").upper()|lower|title }}
{{ ((((1)))) }}{{ () }}{{ (1) }}{{ ("a",)[0] }}
{{ 1, 2 }}
{{ s, n }}
{{ n if n }}{{ (n if z) is defined }}
{{ n|default("x")|string ~ undef|default("y") }}
{{ l|first }}{{ l|last }}{{ el|first }}{{ el|last is defined }}{{ s|first }}{{ d|first }}
{{ l|sort|join(",")|upper }}
{{ True }}{{ False }}{{ None }}{{ true }}{{ false }}{{ none }}
{{ 1.0 }}{{ 1e16 }}{{ 1e15 }}{{ 123456789.123456789 }}{{ 0.1 + 0.2 }}{{ 1/3 }}{{ 1e-5 }}{{ 0.0001 }}{{ 1e400 }}{{ -1e400 }}{{ 5e-324 }}{{ 1.7976931348623157e308 }}{{ 100.0 }}{{ 1e22 }}{{ 4.35 }}
{{ 9223372036854775807 + 1 }}{{ -9223372036854775808 - 1 }}{{ 9223372036854775807 * 9223372036854775807 }}{{ big // 7 }}{{ big % 1000007 }}{{ -big // 7 }}{{ -big % 7 }}{{ big - big }}{{ big == big }}{{ big > 1 }}{{ big // umax }}{{ big % umax }}{{ (big * big) // (umax * 3) }}{{ (big*big) % (umax*umax) }}{{ -big // umax }}{{ -big % umax }}{{ big % -umax }}
{{ big|tojson }}{{ umax|tojson }}{{ {"max": umax}|tojson }}{{ fl|tojson }}{{ fs|tojson }}{{ f|tojson }}
{{ "a\u2028b\x00c\x7f<>&'\"/\\"|tojson }}
{{ {"k": "v"}|tojson|length }}{{ "abc"|tojson ~ 1 }}
{{ {1:2, 2.5:3, none:4, true:5}|tojson }}{{ {(1,2):3}|tojson }}
{{ d|tojson(indent=4) }}{{ nested|tojson(indent=2) }}{{ [[],{}, [1,[2]]]|tojson(indent=1) }}
{{ undef|tojson }}
{{ (l|map("string"))|tojson }}
{{ namespace(a=1)|tojson }}
{{ html|e }}{{ html|e|e }}{{ (html|safe)|e }}{{ "<" ~ ("<"|e) }}{{ "<" + ("<"|e) }}{{ ("<"|e) + "<" }}
{{ "%s" % "a" }}{{ "%s-%s" % ("a", 1) }}{{ "%(a)s" % {"a": 1} }}{{ "%d%%" % 5 }}
{{ "{} {}".format(1, "a") }}{{ "{0}{1}{0}".format(1,2) }}{{ "{a}{b[x]}{c.x}".format(a=1,b={"x":2},c={"x":3}) }}{{ "{{}}".format() }}{{ "{!r} {!s}".format("a","b") }}{{ "{:>{w}}".format(5,w=4) }}{{ "{0[1]}".format(l) }}
{{ "{} {0}".format(1) }}
{{ "{}".format() }}
{{ "{x}".format() }}
{{ "{".format() }}
{{ "}".format() }}
{{ "{0.__class__}".format(1) }}
{{ "{0[a}".format(1) }}
{{ s.__class__ }}{{ s["__class__"] }}{{ s|attr("__class__") }}{{ s.__class__.__mro__ }}
{{ l.append }}{{ l.append is defined }}
{{ l.append(1) }}
{{ d.update({}) }}
{{ d.pop("a") }}
{{ (s|upper).lower() }}{{ s|upper()|lower() }}
{{ ld|map(attribute="o")|list }}{{ ld|map(attribute="o.k")|list }}
{{ ld|selectattr("o.k")|list }}
{{ ld|map(attribute="n")|unique|sort|join }}
{{ ld|groupby("n")|list }}{% for g in ld|groupby("n") %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }}{% endfor %}{% for k, v in ld|groupby("n") %}{{ k }}{{ v|map(attribute="v")|list }}{% endfor %}
{% set g = l|map("string") %}{{ g|join }}{{ g|join }}
{% set g = l|select %}{% if g %}T{% endif %}{{ g|list }}{{ g|list }}
{{ (l|map("string"))|length }}
{{ (l|map("string"))|first }}{{ l|reverse|list }}{{ s|reverse }}{{ l|reverse|first }}
{{ l|min }}{{ l|max }}{{ el|min }}{{ ld|max(attribute="v") }}
{{ u|upper }}{{ u|lower }}{{ u|title }}{{ u|capitalize }}{{ u|length }}{{ u|reverse }}{{ u[0:6]|upper }}
{{ ml|indent }}{{ ml|trim }}{{ ml.splitlines() }}{{ ml.split() }}{{ ml|wordcount }}
{{ "a,b,c".split(",")|last }}{{ "a  b".split(" ") }}{{ "k=v=w".split("=", 1) }}
{{ [1, "a", none, true, 1.5, [], {}, (), undef] }}
{{ q }}{{ [q, qq] }}
{{ nested.a.b[1].c is none }}{{ nested.a.b[1]["c"] }}{{ nested["a"]["b"][0] }}
{{ "x" in "xyz" }}{{ "" in "" }}{{ 1 in l }}{{ "a" in d }}{{ 1 in "1" }}
{{ 1 in undef }}{{ undef in l }}{{ undef == undef }}{{ undef == none }}{{ undef != 1 }}{{ undef|length }}{{ undef ~ "x" }}
{{ undef + 1 }}
{{ undef < 1 }}
{{ -undef }}
{{ l == [3,1,2] }}{{ (1,2) == [1,2] }}{{ d == {"a":2,"b":1,"C":3} }}{{ 1 == "1" }}{{ true == 1 }}{{ l < [3,2] }}{{ "a" < "b" }}{{ "é" > "z" }}
{{ 1 < "a" }}
{{ none < 1 }}
{{ d < d }}
{{ true + true }}{{ true * 3 }}{{ -true }}{{ +true }}{{ true / 2 }}{{ 5 // true }}
{{ 1 and 0 or "x" }}{{ "" or "y" }}{{ 0 and undef.x }}{{ none or undef or "z" }}
{{ lipsum is defined }}{{ range is callable }}{{ namespace is defined }}{{ dict is callable }}
{%- set x = 1 -%}   {{- x -}}   z
  {%- if true %}  a  {%- endif %}  b
{%+ if true +%}
a
{%+ endif +%}
b
{% if true -%}   a   {%- endif %}
   {%+ set z3 = 1 %}x
  {% set z3 = 1 +%}
y
{{- n }} {{ n -}}  x{{+ n }}
{% for i in l -%}
  {{ i }}
{%- endfor %}
{% for i in l %}
  {{ i }}
{% endfor %}
{# c +#}
x
{#+ c #}x
{% set f = "x" %}{{ f }}{% set f = f ~ "y" %}{{ f }}
{{ [x for x in l] }}
{{ l[0:2, 1] }}
{{ l[1, 2] }}
{{ d.a.b }}{{ d.a.b.c }}
{{ "a".b.c }}
{{ 'it''s' }}
{{ {'a': 1}.a }}{{ {'a': 1}['a'] }}{{ [1,2][0] }}{{ "abc"[1] }}{{ (1,2)[1] }}
{{ {"a": {"b": {}}}}}
{{ {'a':{}}}}}
{{ "}}" }}{{ '%}' }}{% if "%}" %}x{% endif %}
{{ n }}}
{ { n } }
{{ "a" | upper | lower }}{{ n|string|length }}{{ 5|float }}{{ "5"|int + 1 }}
{{ s.upper().lower().title() }}{{ s.split("o")[0].strip() }}
{{ s.split.__name__ }}
{{ l.count(1) }}{{ l.index(2) }}{{ (1,2,1).count(1) }}{{ range(5).index(3) }}
{{ foo.bar if foo is defined else "nf" }}{{ foo is defined and foo.bar }}
{% set _ = namespace(x=[]) %}{% set _.x = _.x + [1] %}{% set _.x = _.x + [2] %}{{ _.x }}
{% set a = [1] %}{% set b = a + [2] %}{% set c = a + [3] %}{{ a }}{{ b }}{{ c }}{% set d2 = b + [4] %}{% set e2 = b + [5] %}{{ d2 }}{{ e2 }}
{% set a = "x"*200 %}{% set b = a + "1" %}{% set c = b + "2" %}{% set e2 = b + "3" %}{{ b[-3:] }}{{ c[-3:] }}{{ e2[-3:] }}
'''.strip("\n").split("\n")

LAYOUT = [
    '   {{ n }}   ',
    'x\t{% if true %}y{% endif %}',
    '{% if true %}\n  a\n{% endif %}\nb',
 'a\n  {%- if true %}\n  b\n  {%- endif %}\nc',
 '  {% for i in l %}\n    {{ i }}\n  {% endfor %}\nx',
 '{% for i in l -%}\n  {{ i }}\n{%- endfor %}\n',
 '{# c #}\nx\n  {# d #}\ny',
 'x {% raw %}\n  {{ a }}\n{% endraw %}\ny',
 '  {%- raw -%}\n {% x %}\n  {%- endraw %}\n z',
 '{%+ if true +%}\n a\n {%+ endif +%}\n b',
 'a\r\nb\rc\n\n',
 "{{ 'a\nb' }}\n",
 '{% set x %}\n  {{ n }}\n{% endset %}\n[{{ x }}]',
 '{% macro f(x) %}\n  <{{ x }}>\n{% endmacro %}\n{{ f(1) }}{{- f(2) -}} ;',
 '\t{% if n %}\tq\t{% endif %}\t\n',
 '{% filter indent(2) %}\na\nb\n{% endfilter %}',
 '{% if n\n %}x{% endif\n%}y',
 '{{ n -}}\n\n  x {{- n }}\n',
 '{% for x in l %}{% if loop.first %}\n  first\n{% elif loop.last %}\n  last\n{% else %}\n  -\n{% endif %}{% endfor %}']

VALUES = "s u l ls d ld ml num f n neg no undef html".split()
FILTERS = ['batch(2)|list', 'capitalize', 'center(20)', 'default("D",true)', 'dictsort(by="value")', 'e', 'filesizeformat', 'first', 'float',
 'groupby("n")|list', 'indent(2,true)', 'int', 'int(7)', 'items|list', 'join(", ")', 'last', 'length', 'list', 'map("string")|list', 'max', 'min',
 'replace("l","LL",2)', 'reverse|list', 'round(1)', 'slice(3,"-")|list', 'sort(reverse=true)', 'string', 'striptags', 'sum', 'title',
 'tojson(indent=2)', 'trim("H a")', 'truncate(8,true,"..",0)', 'unique|list', 'upper', 'urlencode', 'wordcount', 'wordwrap(7)', 'xmlattr']


def render(template):
    given = json.loads(json.dumps(VARIABLES))
    given["messages"] = chat._alias_reasoning_fields(given["messages"])
    given.update(tools=None, documents=None, add_generation_prompt=False)
    try:
        text = chat._cached_compile_jinja_template(template).render(**given)
        text.encode()
        return {"template": template, "text": text}
    except Exception:
        return {"template": template}


templates = STATEMENTS + LAYOUT + ["{{ %s|%s }}" % (v, f) for v in VALUES for f in FILTERS]
cases = [render(t) for t in templates]
lines = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases if " at 0x" not in c.get("text", ""))
print('{"variables": %s,\n"cases": [\n%s\n]}' % (json.dumps(json.dumps(dict(VARIABLES, now="2026-03-05T14:30:00"))), lines))
