"""Where the chain is: two regions, six campuses with their rooms, and the schools around them."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("杭州", "苏州")


@dataclass(frozen=True, slots=True)
class Campus:
    """A campus; `weight` says how many of the enquiries come here."""

    key: int
    code: str
    name: str
    region: int
    address: str
    weight: int
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """A room of a campus."""

    name: str
    capacity: int
    equipment: tuple[str, ...]


CAMPUSES = (
    Campus(0, "hz-xihu", "西湖文三校区", 0, "杭州市西湖区文三路 908 号 3 楼", 24,
           ("文溪小学", "翠柏小学", "西溪湿地实验学校", "古荡中心小学", "学院路第二小学", "保亭中学")),
    Campus(1, "hz-binjiang", "滨江星光校区", 0, "杭州市滨江区江南大道 1288 号 2 楼", 20,
           ("江畔实验小学", "闻涛第一小学", "长河中心小学", "浦沿学校", "白马湖小学", "滨和中学")),
    Campus(2, "hz-yuhang", "余杭良渚校区", 0, "杭州市余杭区古墩路 2266 号 4 楼", 15,
           ("良渚第二小学", "玉鸟学校", "勾庄中心小学", "云栖外国语小学", "杜甫村学校", "瓶窑小学")),
    Campus(3, "sz-yuanqu", "园区湖东校区", 1, "苏州市工业园区现代大道 333 号 2 楼", 19,
           ("湖东实验小学", "金鸡湖第三小学", "斜塘学校", "星澜学校", "翰林东路小学", "独墅湖附属中学")),
    Campus(4, "sz-gusu", "姑苏平江校区", 1, "苏州市姑苏区临顿路 188 号 3 楼", 13,
           ("平江新城实验小学", "大儒巷小学", "桃坞中心小学", "沧浪第二实验小学", "胥江学校", "草桥实验中学")),
    Campus(5, "sz-wuzhong", "吴中木渎校区", 1, "苏州市吴中区金山南路 699 号 2 楼", 9,
           ("木渎第三小学", "天平山学校", "藏书中心小学", "石湖实验小学", "胥口小学", "姑苏外国语学校")),
)  # fmt: skip
# The largest first.
CAMPUS_KEYS = tuple(campus.key for campus in sorted(CAMPUSES, key=lambda campus: -campus.weight))

ROOMS = (
    Room("301 创客教室", 12, ("电脑", "投影")),
    Room("302 编程教室", 12, ("电脑", "投影")),
    Room("303 美术教室", 14, ("画架", "水池")),
    Room("305 棋艺书法室", 14, ("棋盘", "毛毡")),
    Room("306 小剧场", 16, ("音响", "镜墙")),
)


def sister(campus: int) -> int:
    """Return the next campus of the same region; some families buy here and learn there."""
    first = campus // 3 * 3
    return first + (campus - first + 1) % 3
