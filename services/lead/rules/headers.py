"""Which column of a file of enquiries holds what: headers as institutions export them."""

from __future__ import annotations

from shared.file_headers import Catalogue

CHILD_NAME = "child_name"
GUARDIAN_PHONE = "guardian_phone"
REQUIRED = (CHILD_NAME, GUARDIAN_PHONE)

# Blanks, stars and brackets do not count, so English words stand here in one.
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(words.split())
    for field, words in {
        CHILD_NAME: (
            "学员姓名 孩子姓名 学生姓名 宝宝姓名 宝贝姓名 儿童姓名 小孩姓名 学员名称 学员 学生 孩子 姓名 "
            "名字 childname studentname name"
        ),
        "guardian_name": (
            "家长姓名 监护人姓名 监护人 家长 联系人 联系人姓名 家长称呼 父母姓名 母亲姓名 父亲姓名 "
            "妈妈姓名 爸爸姓名 guardianname parentname guardian parent"
        ),
        GUARDIAN_PHONE: (
            "家长电话 手机号 联系电话 手机号码 家长手机 家长手机号 家长手机号码 家长联系电话 家长联系方式 "
            "电话 电话号码 手机 联系方式 联系手机 监护人电话 监护人手机 监护人手机号 母亲电话 妈妈电话 "
            "学员电话 学员手机 phone mobile guardianphone parentphone tel"
        ),
        "alternate_phone": (
            "备用电话 备用手机 备用手机号 备用联系电话 其他电话 其它电话 第二联系电话 联系电话2 手机号2 "
            "电话2 父亲电话 爸爸电话 紧急联系电话 alternatephone phone2"
        ),
        "guardian_email": "邮箱 电子邮箱 电子邮件 家长邮箱 email email",
        "guardian_relation": "关系 与孩子关系 与学员关系 亲属关系 家长关系 relation",
        "wechat_id": "微信 微信号 家长微信 微信id 微信账号 wechat",
        "wechat_union_id": "unionid 微信unionid wechatunionid",
        "birth_date": "出生日期 生日 出生年月 出生年月日 孩子生日 学员生日 出生 birthdate birthday",
        "gender": "性别 孩子性别 学员性别 gender sex",
        "school": "学校 就读学校 在读学校 所在学校 公立学校 学校名称 school",
        "school_grade": "年级 在读年级 就读年级 当前年级 学员年级 grade",
        "intended_course": "意向课程 意向科目 报名课程 感兴趣课程 咨询课程 课程 科目 咨询科目 意向 课程意向 course",
        "source": "来源渠道 来源 渠道 线索来源 招生来源 渠道来源 客户来源 获客渠道 source channel",
        "campus": "校区 意向校区 所属校区 校区名称 分校 咨询校区 门店 campus",
        "guardian_consent": "监护人同意 家长同意 监护人授权 授权书版本 同意书版本 guardianconsent consent",
        "remark": "备注 备注信息 说明 跟进备注 沟通记录 描述 remark note notes",
    }.items()
}

CATALOGUE = Catalogue(SYNONYMS, required=REQUIRED, phones=frozenset({GUARDIAN_PHONE}))
