from flask import Flask
from tests.web import everybody
from tests.web.everybody import KINDS, NOBODY, Town
class D(dict):
    def __missing__(self,k): return 1
def routes(self):
    values = D({**everybody._VALUES, "number": self.ref.number, "person_id": 1, "login": "carrier","entry":self.joined})
    found=[]
    with self.app.test_request_context():
        adapter = self.app.create_url_adapter(None) or self.app.url_map.bind("localhost")
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda e: e.rule):
            if not ("<number>/inquiry" in rule.rule or "<number>/report" in rule.rule): continue
            given={n: values[n] for n in rule.arguments}
            address=adapter.build(rule.endpoint, given, append_unknown=False)
            for method in sorted((rule.methods or set()) & {"GET","POST"}):
                found.append(everybody.Route(method, rule.rule, rule.endpoint, address))
    return found
def test_rows(quick_app: Flask) -> None:
    town = Town(quick_app)
    names = [NOBODY, *KINDS]
    head = [l for l in open('tests/web/matrix.txt') if l.strip().startswith("nobody")][0].rstrip("\n")
    out=[]
    for route in routes(town):
        row = [town.answer(login, route) for login in names]
        line=str(route).ljust(head.index("nobody"))
        for a,n in zip(row,names):
            i=head.index(" "+n)+1 if n!="nobody" else head.index("nobody")
            line=line.ljust(i)+a
        out.append(line)
    open('/tmp/reportroom/rows.txt','w').write("\n".join(out)+"\n")
