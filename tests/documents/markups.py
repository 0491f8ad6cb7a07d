"""A paper of each form in our markup, and what it may say."""

from dataclasses import dataclass

UPWARD = """
head: {{ issuer.name }}文件
number: {{ paper.number }}
signer: {{ paper.signer }}
title: 关于成立“{{ case.unit }}”
title: 火灾事故调查组的请示
to: {{ addressee }}：
{{ opening }}
# 一、事故基本情况
{%p for line in lines %}
{{ line }}
{%p endfor %}
## （一）人员
### 1. 组长
{%p if leader %}
组长由{{ leader }}担任。
{%p else %}
组长另行确定。
{%p endif %}
妥否，请批示。
attach: 附件：1. 调查组成员名单
attach: 2. 职责分工
sign: {{ issuer.name }}
date: {{ paper.date }}
note: （联系人：{{ issuer.contact }}）
---
to: 附件1
title: 调查组成员名单
|:widths 1 2 4 3
|= 序号 | 姓名 | 单位 | 备注
{%tr for row in roster %}
| {{ row.no }} | {{ row.name }} | {{ row.agency }} | {{ row.note }}
{%tr endfor %}
"""

DOWNWARD = UPWARD.replace("signer: {{ paper.signer }}\n", "").replace("请示", "通知") + (
    "copies: 抄送：{{ copies }}。\nprinted: {{ issuer.name }} | {{ paper.date }}印发\n"
)

LETTER = """
head: {{ issuer.name }}
number: {{ paper.number }}
title: 关于调取有关材料的函
to: {{ addressee }}：
{{ opening }}
sign: {{ issuer.name }}
date: {{ paper.date }}
{%p if copies %}
copies: 抄送：{{ copies }}。
{%p endif %}
"""

RECORD = """
title: 询问笔录
number: {{ paper.number }}
field: 询问时间 = {{ paper.date }} | 询问地点 = {{ case.place }}
field: 起火单位 = {{ case.unit }}
{%tr for row in roster %}
field: 询问人 = {{ row.name }}
{%tr endfor %}
问：请说明当时的情况。
答：{{ opening }}
picture: {{ plan }}
blank: 被询问人（签名） | 日期
blank: 记录人（签名）
small: 笔录共1页。
"""

REPORT = """
number: {{ paper.number }}
title: “{{ case.unit }}”较大火灾事故
title: 调查报告
sign: {{ issuer.name }}
date: {{ paper.date }}
---
# 一、事故单位概况
{%p for line in lines %}
{{ line }}
{%p endfor %}
---
title: 调查组成员签名
|:widths 1 2 4 3
|= 序号 | 姓名 | 单位 | 签名
{%tr for row in roster %}
| {{ row.no }} | {{ row.name }} | {{ row.agency }} |
{%tr endfor %}
"""

SLIP = """
title: 催办单
to: {{ addressee }}：
{{ opening }}
sign: {{ issuer.name }}
date: {{ paper.date }}
blank: 签收人
"""

MARKUPS = {
    "upward": UPWARD,
    "downward": DOWNWARD,
    "letter": LETTER,
    "record": RECORD,
    "report": REPORT,
    "slip": SLIP,
}


@dataclass(frozen=True, slots=True)
class Member:
    no: int
    name: str
    agency: str
    note: str = ""


ISSUER = "某市某某区消防救援大队"
SAMPLE: dict[str, object] = {
    "issuer": {"name": ISSUER, "contact": "张某，电话：0000-0000000"},
    "paper": {
        "number": "某消〔2026〕12号",
        "title": "关于成立调查组的请示",
        "date": "2026年2月28日",
        "code": "ABCD-EFGH-IJKL-MNOP",
        "signer": "王某",
    },
    "case": {"unit": "某某商贸有限公司", "place": "某某路1号"},
    "addressee": "某某区人民政府",
    "opening": "2026年2月25日4时50分，某某区一处仓库发生火灾，造成3人死亡，现将有关事项报告如下。",
    "lines": ["（一）仓库占地约5000平方米。", "（二）火灾过火面积约1200平方米。"],
    "leader": "",
    "roster": [Member(1, "张某", "某某区应急管理局"), Member(2, "李某", "某某区公安局", "A<B&C")],
    "copies": "某某区监察委员会，某某区人民检察院",
}
