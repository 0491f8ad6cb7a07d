from tests.web.test_matrix import *
def test_mine(quick_app):
    town=Town(quick_app); table=expected()
    mine=[r for r in town.routes() if ("excel" in r.rule or r.rule.startswith(("/tables","/import"))) and str(r) in table]
    wrong=[]
    for r in mine:
        for login,a in table[str(r)].items():
            got=town.answer(login,r) if hasattr(town,"answer") else town.ask(login,r)
            if got!=a: wrong.append((str(r),login,a,got))
    print(len(mine)); assert wrong==[]
