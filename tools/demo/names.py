"""Names as they are borne today: surnames by frequency, children of 2008-2020, parents of the 1980s."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

# Surname and its bearers per mille, roughly; the most frequent sixty cover four fifths of the country.
_SURNAMES = (
    "王72 李71 张68 刘54 陈53 杨31 赵23 黄22 周21 吴20 徐17 孙15 胡13 朱13 "
    "高12 林12 何11 郭11 马10 罗9 梁8 宋8 郑8 谢7 韩7 唐7 冯6 于6 董6 萧3 程6 "
    "曹6 袁5 邓5 许5 傅5 沈8 曾5 彭5 吕4 苏4 卢4 蒋5 蔡4 贾4 丁4 魏4 薛4 叶5 阎3 "
    "余4 潘4 杜4 戴3 夏4 钟3 汪4 田3 任4 姜4 范4 方4 石3 姚4 谭3 廖3 邹3 熊3 金4 "
    "陆4 郝2 孔2 白2 崔2 康2 毛2 邱2 秦2 江3 史2 顾3 侯2 邵2 孟2 龙2 万2 段2 钱3 "
    "汤2 尹2 黎2 易2 常2 武2 乔2 贺2 赖2 龚2 文2 施2 洪2 翁1 章2 俞2 竺1 楼1 裘1"
)
_BOY_FIRST = (
    "子6 梓5 宇5 浩5 俊4 一4 奕4 沐4 嘉4 皓3 泽3 铭3 明2 博3 天2 思2 文2 承2 景3 家3 昊3 逸2 煜2 星2 书2 知2 云2 瑞2"
)
_BOY_LAST = (
    "轩5 宸5 睿5 辰5 涵3 泽4 博3 然4 豪3 杰3 航4 瑞3 熙3 霖3 阳4 凡3 皓2 哲3 宇4 诚2 恒3 瑾1 安2 铭2 远2 川2 言2 之1"
)
_GIRL_FIRST = (
    "子4 梓4 欣5 诗5 雨5 思4 佳3 奕3 沐3 若4 语4 可3 雅4 嘉3 依3 一4 婉2 清2 芷3 心3 梦3 静1 晨2 紫2 艺3 星2 书2 悦2"
)
_GIRL_LAST = (
    "涵5 萱5 怡5 彤5 琪4 妍4 瑶4 宁3 婷3 悦3 桐4 汐3 玥3 雯3 蕾2 馨3 菲3 晴3 恬2 然3 伊2 诺3 溪3 心2 禾2 霏2 颖2 文2"
)
_BOY_SINGLE = "睿 宸 轩 泽 航 煜 昊 辰 铭 霖 恒 越"
_GIRL_SINGLE = "玥 妍 瑶 彤 萱 蕾 汐 琪 颖 悦 雯 晗"
_MAN_SINGLE = "伟6 磊6 军4 强4 勇4 涛5 超4 鹏5 杰4 斌4 波3 辉4 刚3 亮3 凯3 峰4 飞3 健2 林2 东2 平2 俊2 毅2 宁1"
_MAN_FIRST = "建4 志5 晓3 海4 永3 文4 国3 俊4 春2 立2 家2 云2 明3 小2 世2 光2 金2 少2 振2 学2 正2 宏3 德2 庆2"
_MAN_LAST = "军4 明4 华4 东3 平3 峰4 强3 林3 伟3 波3 斌2 勇3 辉3 龙3 锋2 良2 刚2 祥2 亮2 飞2 生1 权1 成2 兵2"
_WOMAN_SINGLE = "静6 丽5 敏5 艳5 娟5 霞4 燕5 芳5 婷5 莉4 颖4 洁3 倩3 娜4 琳3 玲4 雪3 丹3 慧4 萍3 晶2 梅2 琴2 蓉2"
_WOMAN_FIRST = "晓5 丽4 海3 春3 红3 雪4 玉3 秀2 小3 文3 佳3 亚3 艳2 淑2 金2 月2 美3 永1 慧3 雅2 云2 彩1 志1 凤1"
_WOMAN_LAST = "燕4 丽3 娟4 霞3 芳4 敏4 红3 梅3 萍3 玲4 华3 琴3 英2 艳3 静3 洁2 莉2 慧2 娜3 平2 云2 珍1 君2 芬2"
_ONE_CHARACTER_CHILD, _ONE_CHARACTER_PARENT = 0.11, 0.38


class Weighted:
    """Draws from a text such as `王72 李71`."""

    def __init__(self, text: str) -> None:
        pairs = [(each[0], int(each[1:] or 1)) for each in text.split()]
        self.values = [value for value, _ in pairs]
        self._weights = [weight for _, weight in pairs]

    def draw(self, chance: Random) -> str:
        """Return one value."""
        return chance.choices(self.values, self._weights)[0]


_SURNAME = Weighted(_SURNAMES)
_CHILD = {
    "male": (Weighted(_BOY_FIRST), Weighted(_BOY_LAST), Weighted(_BOY_SINGLE)),
    "female": (Weighted(_GIRL_FIRST), Weighted(_GIRL_LAST), Weighted(_GIRL_SINGLE)),
}
_ADULT = {
    "male": (Weighted(_MAN_FIRST), Weighted(_MAN_LAST), Weighted(_MAN_SINGLE)),
    "female": (Weighted(_WOMAN_FIRST), Weighted(_WOMAN_LAST), Weighted(_WOMAN_SINGLE)),
}
# One character a syllable here, so that another character is another sound, and brothers are not taken for one child.
_SOUNDS_LIKE = {
    "轩": "萱",
    "宸": "辰",
    "睿": "瑞",
    "泽": "则",
    "汐": "熙",
    "子": "梓",
    "怡": "依",
    "桐": "彤",
    "昊": "皓",
}


def surname(chance: Random) -> str:
    """Return a family name."""
    return _SURNAME.draw(chance)


def child(chance: Random, family: str, gender: str, *, unlike: Sequence[str] = ()) -> str:
    """Return a child's full name that shares no character or near sound with the given names in `unlike`."""
    taken = {char for name in unlike for char in name[1:]}
    taken |= {other for one, two in _SOUNDS_LIKE.items() for other in (one, two) if {one, two} & taken}
    first, last, single = _CHILD[gender]
    while True:
        given = first.draw(chance) + last.draw(chance)
        if not unlike and chance.random() < _ONE_CHARACTER_CHILD:
            given = single.draw(chance)
        if len(set(given)) == len(given) and not taken & set(given):
            return family + given


def adult(chance: Random, gender: str, family: str = "") -> str:
    """Return the full name of somebody born in the 1980s."""
    first, last, single = _ADULT[gender]
    given = single.draw(chance) if chance.random() < _ONE_CHARACTER_PARENT else first.draw(chance) + last.draw(chance)
    return (family or surname(chance)) + given
