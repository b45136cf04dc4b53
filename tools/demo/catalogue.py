"""What the chain offers: courses with prices, sources of enquiries, campaigns with costs, and everyday words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Course:
    """A course; price per lesson hour in fen, `ages` in years at enrolment, `weight` how many groups it has."""

    key: int
    name: str
    kind: str
    subject: str
    level: str
    lesson_minutes: int
    hours_hundredths: int
    total_hundredths: int
    price_fen: int
    ages: tuple[int, int]
    weight: int


CLASS, CAMP, ONE_TO_ONE = "class", "camp", "one_to_one"
COURSES = (
    Course(0, "少儿编程 Scratch 启蒙班", CLASS, "coding", "L1", 90, 200, 6400, 13800, (6, 8), 16),
    Course(1, "少儿编程 Scratch 进阶班", CLASS, "coding", "L2", 90, 200, 6400, 14800, (8, 10), 14),
    Course(2, "Python 编程班", CLASS, "coding", "L3", 90, 200, 6400, 16800, (10, 14), 9),
    Course(3, "机器人搭建班", CLASS, "robotics", "L1", 90, 200, 4800, 15800, (5, 8), 14),
    Course(4, "创意美术启蒙班", CLASS, "art", "L1", 90, 200, 6400, 9800, (4, 6), 15),
    Course(5, "创意美术进阶班", CLASS, "art", "L2", 90, 200, 6400, 10800, (7, 10), 10),
    Course(6, "硬笔书法班", CLASS, "calligraphy", "L1", 90, 200, 4800, 8800, (6, 11), 11),
    Course(7, "围棋启蒙班", CLASS, "go", "L1", 90, 200, 4800, 9200, (5, 8), 12),
    Course(8, "围棋级位班", CLASS, "go", "L2", 90, 200, 6400, 9800, (7, 11), 7),
    Course(9, "口才与主持班", CLASS, "speech", "L1", 90, 200, 4800, 11800, (6, 11), 8),
    Course(10, "一对一编程", ONE_TO_ONE, "coding", "L3", 60, 100, 3000, 32000, (9, 14), 0),
    Course(11, "一对一钢琴", ONE_TO_ONE, "music", "L1", 60, 100, 3000, 28000, (5, 12), 0),
    Course(12, "周末机器人集训营", CAMP, "robotics", "L2", 180, 400, 3200, 12800, (8, 12), 0),
)
CAMP_COURSE = COURSES[12]
ONE_TO_ONE_COURSES = COURSES[10:12]
CLASS_COURSES = COURSES[:10]


@dataclass(frozen=True, slots=True)
class Source:
    """Where enquiries come from: code of the channel, its share, and its campaigns by place in CAMPAIGNS."""

    code: str
    weight: int
    campaigns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """Something that was done to be found; days count from the first day of the story, weekly costs in fen."""

    name: str
    channel: str
    campus: int | None
    first_day: int
    days: int
    budget_fen: int
    weekly_fen: int


SOURCES = (
    Source("douyin", 19, (0, 1)),
    Source("web_form", 16, (2,)),
    Source("walk_in", 15),
    Source("referral", 15, (3,)),
    Source("meituan", 11, (4,)),
    Source("wechat", 10, (5,)),
    Source("ground_push", 8, (6, 7)),
    Source("phone", 6),
)
# Enquiries through these channels wait in the pool until somebody takes them.
POOLED = frozenset({"meituan"})
CAMPAIGNS = (
    Campaign("抖音短视频投放", "douyin", None, 0, 91, 12_000_000, 760_000),
    Campaign("抖音直播体验课", "douyin", None, 28, 42, 4_500_000, 620_000),
    Campaign("官网搜索推广", "web_form", None, 0, 91, 8_000_000, 540_000),
    Campaign("老带新有礼", "referral", None, 7, 84, 3_000_000, 160_000),
    Campaign("美团 9.9 元体验券", "meituan", None, 0, 91, 5_000_000, 330_000),
    Campaign("公众号开学季", "wechat", None, 14, 35, 1_500_000, 240_000),
    Campaign("文三路商圈地推", "ground_push", 0, 0, 56, 1_200_000, 130_000),
    Campaign("湖东邻里节", "ground_push", 3, 21, 28, 900_000, 180_000),
)

CHANNELS = (("phone", 55), ("wechat", 35), ("visit", 7), ("sms", 3))
FIRST_WORDS = (
    "已电话沟通，孩子上{grade}，对{course}感兴趣，约好周末回访",
    "微信已加，发送了{course}的介绍和试听安排",
    "家长想先了解老师和班级人数，已介绍{course}",
    "没有接通，稍后再联系",
    "家长在开会，约晚上再聊",
    "咨询{course}的上课时间和费用，已答复",
    "孩子之前学过一年，想看看能否插班",
)
LATER_WORDS = (
    "再次沟通，家长还在和孩子爸爸商量",
    "发了班级的作品视频，家长反馈不错",
    "提醒了体验课名额，家长说这周看时间",
    "家长比较关心接送时间，推荐了周末班",
    "对价格有些犹豫，说明了课时包和赠课",
    "已约到校参观",
)
AFTER_TRIAL_WORDS = (
    "试听后回访：孩子很喜欢老师，家长想了解课时包",
    "试听反馈已发给家长，本周给答复",
    "家长认可课堂，正在比较两家机构",
    "孩子上课专注，已发送报价",
)
FEEDBACK = (
    "课堂上很投入，能跟上节奏，建议进入本班",
    "动手能力强，表达可以更大胆一些",
    "注意力不错，基础稍弱，前两节课会多关照",
    "与同学配合好，完成了全部任务",
    "有些怕生，后半节课放开了",
)
LOST_REASONS = (
    ("price", 24),
    ("time_conflict", 20),
    ("unreachable", 22),
    ("competitor", 14),
    ("distance", 11),
    ("no_need", 9),
)
LEAVE_REASONS = ("hours_used_up", "moved_house", "schedule", "other_interest")
REFUND_REASONS = ("搬家，离校区太远", "学业安排紧张，暂停学习", "孩子兴趣改变", "时间与校内活动冲突")
