"""The fourteen made-up fires: where they broke out, what is known of them, what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from fireinvest.china import CHINA
from fireinvest.regulation.facts import Category, Facts

_FEN_IN_WAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire at a made-up unit. ``key``: the number of its case in the demo.

    ``place``: how logins of its county begin; ``level``: whose people investigate it, "county" or
    "city". ``known``: the facts known at first; losses in 万元. ``lines``: what was found on the
    five lines of inquiry, by their ids.
    """

    key: str
    place: str
    level: str
    unit: str
    address: str
    broke_out_at: time
    known: Mapping[str, int]
    course: str
    cause: str
    lines: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    category: Category = Category.ORDINARY

    def facts(self, on: date, division: str) -> Facts:
        """What was known of it when it broke out on this day."""
        known = dict(self.known)
        loss = known.pop("loss", None)
        return Facts(
            on,
            datetime.combine(on, self.broke_out_at, CHINA).astimezone(UTC),
            division=division,
            direct_economic_loss=None if loss is None else loss * _FEN_IN_WAN,
            category=self.category,
            **known,  # type: ignore[arg-type] # the keys are fields of numbers
        )


#: Where a fire's own findings say nothing else.
USUAL_LINES: Mapping[str, str] = {
    "use": "未落实消防安全责任制，未按规定组织防火巡查和疏散演练。",
    "construction": "建筑改变使用功能未依法办理手续，安全出口数量不足。",
    "services": "消防技术服务机构出具的年度检测报告与现场实际不符。",
    "products": "抽检的灭火器和应急照明灯均为合格产品，未发现质量问题。",
    "supervision": "属地街道和行业部门排查出同类隐患后未跟踪督促整改。",
}

FIRES: Mapping[str, Fire] = {
    each.key: each
    for each in (
        Fire(
            "01", "qilin", "county", "示例小区电动自行车充电棚（演示）",
            "麒麟区南宁街道示例路1号", time(19, 40), {"deaths": 1, "serious_injuries": 1},
            "充电棚内一辆电动自行车充电时起火，蔓延至相邻住宅门厅，1人死亡。",
            "待查",
        ),
        Fire(
            "02", "zhanyi", "county", "示例火锅店（演示）",
            "沾益区西平街道示例路12号", time(12, 25), {"deaths": 1, "serious_injuries": 2},
            "后厨灶台起火，火势沿排烟管道蔓延至二层，1人死亡。",
            "待查",
        ),
        Fire(
            "03", "fuyuan", "city", "示例颐养院（演示）",
            "富源县中安街道示例路30号", time(2, 15),
            {"deaths": 3, "serious_injuries": 2, "loss": 186},
            "三层护理房间夜间起火，值班人员发现较晚，3名老人死亡。",
            "待技术鉴定后认定",
            {
                "use": "夜间值班人员不足，未按规定每2小时巡查；电热毯等取暖器具管理失控。",
                "construction": "三层由住宿改为护理用房，未设置自动喷水灭火系统。",
            },
        ),
        Fire(
            "04", "malong", "county", "示例家具制造厂（演示）",
            "马龙区通泉街道示例工业片区5号", time(15, 10),
            {"deaths": 1, "serious_injuries": 3, "loss": 420},
            "喷漆车间内发生爆燃，1名工人死亡、3人重伤。",
            "喷漆作业时静电放电，引燃积聚的可燃漆雾。",
            {
                "use": "喷漆作业未采取防静电措施，从业人员未经岗前培训。",
                "supervision": "行业部门安全检查未覆盖喷漆作业，发现问题未移送。",
            },
            category=Category.WORK_SAFETY,
        ),
        Fire(
            "05", "xuanwei", "city", "示例农贸市场（演示）",
            "宣威市宛水街道示例路66号", time(4, 50),
            {"deaths": 0, "serious_injuries": 1, "loss": 1260},
            "市场西区商铺夜间起火，烧毁商铺47间，无人死亡。",
            "商铺内冷柜电源线短路，引燃周围泡沫包装材料。",
            {"use": "市场管理方允许商铺夜间留人住宿，违规使用泡沫夹芯板搭建隔间。"},
        ),
        Fire(
            "06", "luoping", "county", "示例民宿（演示）",
            "罗平县罗雄街道示例村9号", time(23, 5),
            {"deaths": 1, "serious_injuries": 0, "loss": 95},
            "二层客房起火，1名住客未能疏散。",
            "住客卧床吸烟，遗留火种引燃床上用品。",
            {"use": "未设置独立式感烟火灾探测报警器，疏散楼梯堆放杂物。"},
        ),
        Fire(
            "07", "luliang", "city", "示例仓储有限公司（演示）",
            "陆良县中枢街道示例物流园2号库", time(21, 30),
            {"deaths": 4, "serious_injuries": 5, "loss": 930},
            "2号库房违规电焊施工引发火灾，库内4名搬运人员死亡。",
            "动火施工产生的高温焊渣掉落，引燃库内聚氨酯泡沫保温材料。",
            {
                "use": "未履行动火审批手续，未安排专人看护，库内违规住人。",
                "construction": "擅自改变库房防火分区，保温材料燃烧性能不符合规范。",
            },
            (
                "拆除全部违规聚氨酯保温层并更换为不燃材料",
                "恢复库房防火分区，增设自动灭火设施并通过检测",
                "修订动火作业审批制度，全员培训考核",
            ),
        ),
        Fire(
            "08", "huize", "county", "示例村民自建房（演示）",
            "会泽县金钟街道示例村3组", time(1, 20),
            {"deaths": 2, "serious_injuries": 1, "loss": 48},
            "一层门面房起火，烟气沿敞开楼梯上升，二层2人死亡。",
            "一层门厅内电动自行车锂电池热失控。",
            {"use": "自建房一层经营、二层住人，未设置实体墙分隔。"},
            (
                "全村经营性自建房加装实体墙分隔和独立式感烟探测器",
                "建成电动自行车集中充电点并清理入户充电",
                "对同类自建房建立台账，逐户签订整改承诺",
            ),
        ),
        Fire(
            "09", "shizong", "county", "示例木材加工厂（演示）",
            "师宗县丹凤街道示例村工业点", time(10, 35),
            {"deaths": 1, "serious_injuries": 0, "loss": 210},
            "锯末料仓起火，1名工人进入扑救时死亡。",
            "除尘管道内金属异物撞击产生火花，引燃木粉尘。",
            measures=(
                "更换除尘系统，增设火花探测和熄灭装置",
                "建立粉尘清扫制度并由园区每月核查",
            ),
        ),
        Fire(
            "10", "qilin", "city", "示例歌舞娱乐城（演示）",
            "麒麟区文华街道示例大道18号", time(20, 15),
            {"deaths": 8, "serious_injuries": 14},
            "三层包房起火，大量烟气进入走道，多人被困。",
            "待上级调查组认定",
        ),
        Fire(
            "11", "zone", "county", "示例物流分拣中心（演示）",
            "经开区西城街道示例路8号", time(6, 45),
            {"deaths": 0, "serious_injuries": 0, "loss": 38},
            "分拣线输送机电机起火，员工疏散后由消防站扑灭，无人伤亡。",
            "待认定",
        ),
        Fire(
            "12", "fuyuan", "county", "示例汽车修理厂（演示）",
            "富源县胜境街道示例路5号", time(17, 20),
            {"deaths": 1, "serious_injuries": 1, "loss": 160},
            "维修车间内车辆起火并引燃废机油，1名维修工死亡。",
            "待技术鉴定后认定",
            {"use": "废机油未及时转运，车间内吸烟、动火无人制止。"},
        ),
        Fire(
            "13", "shizong", "county", "示例大众浴室（演示）",
            "师宗县漾月街道示例巷4号", time(18, 50),
            {"deaths": 2, "serious_injuries": 2, "loss": 75},
            "锅炉间起火，烟气进入更衣室，2人死亡。",
            "锅炉烟道高温引燃吊顶内可燃装修材料。",
            measures=(
                "拆除可燃吊顶，改造锅炉间并单独分隔",
                "按规划补建片区市政消火栓和消防车通道",
            ),
        ),
        Fire(
            "14", "huize", "county", "示例副食批发部（演示）",
            "会泽县以礼街道示例路21号", time(16, 5),
            {"deaths": 1, "serious_injuries": 0, "loss": 62},
            "库房内货物起火，1名店员返回抢运时死亡。",
            "库房照明线路接触不良过热，引燃纸箱。",
            measures=("更换库房电气线路并加装电气火灾监控", "对批发市场逐户排查用电隐患"),
        ),
    )
}  # fmt: skip
