"""Chinese words for an invented place and its people, put together by ourselves."""

from __future__ import annotations

from itertools import product

import numpy as np

PROVINCE, PREFECTURE, RIVER = "乌有省", "云汐市", "汐江"
COUNTIES = ("望江", "听澜", "枫浦", "鹭汀", "星渚", "月汀", "松烟", "兰渡", "稻香", "雁桥")
FIRST_COMMUNITIES = ("望江", "桥头", "柳荫", "书院", "渡口", "南苑", "荷塘", "钟楼")
FIRST_STREETS = ("江北", "江南")
BRIDGES = ("望江", "彩虹", "听澜", "月牙", "双塔", "飞鹭", "枫桥", "星河", "春晓", "长汀")

_FIRST = "云望听枫荷柳竹松兰桂杏梅桃书墨琴画晴岚霁星月朝晓暮春秋青碧紫丹金锦翠白鹭鹤雁燕鸿"
_SECOND = "溪澜汐浦洲汀渡桥岸泉湖塘湾潭林庭轩台阁亭坊陵岭峰岗坡原田畴霞虹风露石沙川屏"
ESTATES = ("苑", "园", "家园", "小区", "花园", "新村", "雅居", "公寓")
ROAD_TYPES = {1: ("大道", "大街"), 2: ("路", "街")}

# Shares per ten thousand, in the order of everyday experience; the tail stays even.
SURNAMES = {
    **dict(zip("王李张刘陈", (720, 710, 680, 540, 450), strict=True)),
    **dict(
        zip("杨黄赵吴周徐孙马朱胡", (310, 220, 210, 200, 200, 150, 150, 130, 130, 120), strict=True)
    ),
    **dict.fromkeys("林郭何高罗郑梁谢宋唐", 95),
    **dict.fromkeys("许韩冯邓曹彭曾肖田董", 65),
    **dict.fromkeys("潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏", 40),
    **dict.fromkeys("付方白邹孟熊秦邱江尹薛阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武", 22),
    **dict.fromkeys(("欧阳", "上官", "司徒", "诸葛"), 3),
}
_OLD_MEN = "国建德志明光荣福贵海文永生根林长春保成"
_OLD_WOMEN = "秀英桂兰玉珍凤琴素芬淑华月娥翠莲巧云香"
_MEN = "伟强磊军勇杰涛明超刚平辉鹏斌波宇浩凯俊峰"
_WOMEN = "芳娜敏静丽艳娟霞燕玲婷洁颖琳雪慧莹佳倩蕾"
_BOYS = "子浩宇轩梓睿博晨泽俊熙铭奕辰逸一诺航嘉皓"
_GIRLS = "梓涵欣怡诗雨萱可馨语桐一诺思妍若汐依彤瑶"
GENERATIONS = ((_OLD_MEN, _OLD_WOMEN), (_MEN, _WOMEN), (_BOYS, _GIRLS))
"""Letters of given names, (male, female), of the old, the middle and the young."""

_DIGITS = "零一二三四五六七八九"


def numeral(number: int) -> str:
    """Write 1 to 999 in Chinese: 3 三, 12 十二, 40 四十, 105 一百零五."""
    if number >= 100:
        rest = number % 100
        zero = "零" if 0 < rest < 10 else "一" if 10 <= rest < 20 else ""
        return _DIGITS[number // 100] + "百" + zero + (numeral(rest) if rest else "")
    tens, ones = divmod(number, 10)
    ten = "" if not tens else "十" if tens == 1 else _DIGITS[tens] + "十"
    return ten + (_DIGITS[ones] if ones else "")


def pairs(seed: int) -> list[str]:
    """Shuffle all two-letter place words, each once."""
    words = [a + b for a, b in product(_FIRST, _SECOND) if a != b]
    order = np.random.default_rng([seed, 1]).permutation(len(words))
    return [words[i] for i in order]


def given_names(letters: str) -> list[str]:
    """Make given names of one letter (once) and of two letters out of a cohort's letters."""
    return [*letters, *(a + b for a, b in product(letters, letters) if a != b)]
